//! The lines of a file that come nearest to what was searched for in vain.

use std::cmp::Ordering;

/// How many lines of a file a miss shows around the nearest place.
const CONTEXT: usize = 3;

/// The least share of common words at which lines are called near.
const LEAST: f64 = 0.4;

/// How many pairs of lines are compared at most for one miss.
const COMPARED: usize = 5_000_000;

/// The lines that are most like `wanted`, with some around them; nothing if none are alike.
///
/// Alike are lines with the same words: that is quick for large files, and enough for a hint.
pub(super) fn nearest(lines: &[&str], wanted: &[&str]) -> String {
    let wanted: Vec<Vec<&str>> = wanted.iter().map(|line| words(line)).collect();
    let lines_words: Vec<Vec<&str>> = lines.iter().map(|line| words(line)).collect();
    let steps = lines.len() * wanted.len();
    if wanted.is_empty() || steps > COMPARED {
        return String::new();
    }
    let mut best = (LEAST, None);
    for place in 0..lines.len() {
        let ratio = likeness(&lines_words[place..], &wanted);
        if ratio > best.0 {
            best = (ratio, Some(place));
        }
    }
    let shown = best.1.map(|place| numbered(lines, place, wanted.len()));
    shown.unwrap_or_default()
}

/// The share of words that two stretches of lines have in common, line by line.
#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn likeness(lines: &[Vec<&str>], wanted: &[Vec<&str>]) -> f64 {
    let (mut common, mut all) = (0, 0);
    for (index, wanted) in wanted.iter().enumerate() {
        let line = lines.get(index).map_or(&[][..], Vec::as_slice);
        all += line.len() + wanted.len();
        let (mut a, mut b) = (0, 0);
        while let (Some(one), Some(other)) = (line.get(a), wanted.get(b)) {
            match one.cmp(other) {
                Ordering::Less => a += 1,
                Ordering::Greater => b += 1,
                Ordering::Equal => {
                    common += 2;
                    a += 1;
                    b += 1;
                }
            }
        }
    }
    common as f64 / all.max(1) as f64
}

/// The words of a line, sorted. A line without any stands for itself.
fn words(line: &str) -> Vec<&str> {
    let is_word = |word: &&str| !word.is_empty();
    let split = line.split(|char: char| !char.is_alphanumeric() && char != '_');
    let mut words: Vec<&str> = split.filter(is_word).collect();
    if words.is_empty() && !line.trim().is_empty() {
        words.push(line.trim());
    }
    words.sort_unstable();
    words
}

/// Some lines with their numbers.
pub(super) fn numbered(lines: &[&str], place: usize, count: usize) -> String {
    let start = place.saturating_sub(CONTEXT);
    let end = (place + count + CONTEXT).min(lines.len());
    let number = |(index, line): (usize, &&str)| format!("{:>5} | {line}\n", start + index + 1);
    lines[start..end].iter().enumerate().map(number).collect()
}
