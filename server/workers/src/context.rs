//! Which code a worker is shown: the files that bear on a failure, within a budget of tokens.
//!
//! First come the files of the failure's own frames, then those that share names with the tests
//! and the failure (a name counts the more, the fewer files have it; that of the file itself most,
//! as imports have it), then those near the tests. A file that is large for the budget is cut to
//! the lines around such names.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::estimate_tokens;

/// How many lines are shown around each line that matters, when a file is cut.
const AROUND: usize = 12;

/// A file that might be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its path beneath the lane.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is known of the failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clues {
    /// Paths and lines (from 1) of the failure's frames, innermost first.
    pub frames: Vec<(String, usize)>,
    /// The paths of the tests' files.
    pub tests: Vec<String>,
    /// The source of the tests and what their failures say.
    pub text: String,
}

/// A file, or parts of it, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path beneath the lane.
    pub path: String,
    /// What is shown of its text. Parts that are left out are named by their lines.
    pub text: String,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Chooses what to show of `candidates`, the most relevant first, in at most `budget` tokens.
#[must_use]
pub fn select(candidates: &[Candidate], clues: &Clues, budget: u64) -> Vec<Source> {
    let names = Names::new(candidates, &clues.text);
    let mut ranked: Vec<(f64, &Candidate)> = candidates
        .iter()
        .map(|candidate| (relevance(candidate, clues, &names), candidate))
        .filter(|(relevance, _)| *relevance > 0.0)
        .collect();
    ranked.sort_by(|(one, a), (other, b)| match other.total_cmp(one) {
        Ordering::Equal => a.path.cmp(&b.path),
        unequal => unequal,
    });
    let mut left = budget;
    let mut chosen = Vec::new();
    for (_, candidate) in ranked {
        let whole = estimate_tokens(&candidate.text);
        // One file does not push out all others.
        let share = left.max(budget / 2).min(left);
        let source = if whole <= share / 2 || (chosen.is_empty() && whole <= share) {
            Some(Source {
                path: candidate.path.clone(),
                text: candidate.text.clone(),
                whole: true,
            })
        } else {
            cut(candidate, clues, &names, share / 2)
        };
        if let Some(source) = source {
            left = left.saturating_sub(estimate_tokens(&source.text));
            chosen.push(source);
        }
    }
    chosen
}

/// The names in the clues, each with its weight.
struct Names<'a>(BTreeMap<&'a str, f64>);

impl<'a> Names<'a> {
    #[expect(clippy::cast_precision_loss, reason = "counts of files")]
    fn new(candidates: &[Candidate], text: &'a str) -> Self {
        let mut files: BTreeMap<&str, usize> = names(text).map(|name| (name, 0)).collect();
        for candidate in candidates {
            let there: BTreeSet<&str> = names(&candidate.text).collect();
            for name in there {
                if let Some(count) = files.get_mut(name) {
                    *count += 1;
                }
            }
        }
        let all = candidates.len() as f64;
        let weigh =
            |(name, count): (&'a str, usize)| (name, ((all + 1.0) / (count as f64 + 0.5)).ln());
        Self(files.into_iter().map(weigh).collect())
    }

    /// The weight of a name in the clues; nothing if it is not there, or everywhere.
    fn weight(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0).max(0.0)
    }
}

/// The words of `text` that can be names: three characters or more.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric() && char != '_')
        .filter(|word| word.len() >= 3 && !word.starts_with(|char: char| char.is_ascii_digit()))
}

/// How much a file bears on the failure. A frame outweighs all names; names outweigh nearness.
#[expect(clippy::cast_precision_loss, reason = "counts of frames and folders")]
fn relevance(candidate: &Candidate, clues: &Clues, names_of_clues: &Names) -> f64 {
    let frame = clues
        .frames
        .iter()
        .position(|(path, _)| *path == candidate.path);
    let frame = frame.map_or(0.0, |index| 1e6 / (index + 1) as f64);
    let stem = candidate.path.rsplit('/').next().unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default();
    let parent = candidate.path.rsplit('/').nth(1).unwrap_or_default();
    let is_named = |name: &str| names_of_clues.0.contains_key(name);
    // A package's own file is imported by the name of its folder.
    let imported = is_named(stem)
        || (matches!(stem, "mod" | "lib" | "index" | "__init__") && is_named(parent));
    let shared: BTreeSet<&str> = names(&candidate.text).collect();
    let shared: f64 = shared
        .into_iter()
        .map(|name| names_of_clues.weight(name))
        .sum();
    let near = clues
        .tests
        .iter()
        .map(|test| common_folders(test, &candidate.path))
        .max();
    let near = near.unwrap_or(0) as f64 * 0.1;
    frame + if imported { 100.0 } else { 0.0 } + shared * 10.0 + near
}

fn common_folders(one: &str, other: &str) -> usize {
    let folders = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    match (folders(one), folders(other)) {
        (Some(one), Some(other)) => {
            let pairs = one.split('/').zip(other.split('/')).map(|(a, b)| a == b);
            pairs.take_while(|same| *same).count()
        }
        _ => 0,
    }
}

/// The lines of a file around those that matter most, within `budget` tokens; nothing if not even
/// one place fits.
fn cut(
    candidate: &Candidate,
    clues: &Clues,
    names_of_clues: &Names,
    budget: u64,
) -> Option<Source> {
    let lines: Vec<&str> = candidate.text.lines().collect();
    let weigh = |(index, line): (usize, &&str)| {
        let in_frame = |frame: &(String, usize)| frame.0 == candidate.path && frame.1 == index + 1;
        let weight: f64 = names(line).map(|name| names_of_clues.weight(name)).sum();
        let frame = if clues.frames.iter().any(in_frame) {
            1e6
        } else {
            0.0
        };
        (weight + frame, index)
    };
    let mut weights: Vec<(f64, usize)> = lines.iter().enumerate().map(weigh).collect();
    weights.retain(|(weight, _)| *weight > 0.0);
    weights.sort_by(|(one, a), (other, b)| other.total_cmp(one).then(a.cmp(b)));
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    let mut spent = 0;
    for (_, line) in weights {
        let around = line.saturating_sub(AROUND)..(line + AROUND + 1).min(lines.len());
        let new: Vec<usize> = around.filter(|line| !shown.contains(line)).collect();
        // Each gap costs a line that names it.
        let cost: u64 = new
            .iter()
            .map(|&line| estimate_tokens(lines[line]) + 1)
            .sum::<u64>()
            + 20;
        if spent + cost <= budget {
            spent += cost;
            shown.extend(new);
        }
    }
    (!shown.is_empty()).then(|| Source {
        path: candidate.path.clone(),
        text: with_gaps(&lines, &shown),
        whole: shown.len() == lines.len(),
    })
}

/// Whether a line is one that stands for lines that are left out.
pub(crate) fn is_gap(line: &str) -> bool {
    let numbers = line.trim().strip_prefix("[lines ");
    let numbers = numbers.and_then(|rest| rest.strip_suffix(" are left out]"));
    numbers.is_some_and(|numbers| {
        numbers
            .chars()
            .all(|char| char.is_ascii_digit() || " to".contains(char))
    })
}

fn with_gaps(lines: &[&str], shown: &BTreeSet<usize>) -> String {
    let mut text = String::new();
    let mut next = 0;
    for &line in shown.iter().chain([&lines.len()]) {
        if line > next {
            text.push_str(&format!("[lines {} to {line} are left out]\n", next + 1));
        }
        if let Some(shown) = lines.get(line) {
            text.push_str(shown);
            text.push('\n');
        }
        next = line + 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(path: &str, text: &str) -> Candidate {
        Candidate {
            path: path.into(),
            text: text.into(),
        }
    }

    fn clues(frames: &[(&str, usize)], text: &str) -> Clues {
        Clues {
            frames: frames
                .iter()
                .map(|&(path, line)| (path.into(), line))
                .collect(),
            tests: vec!["tests/deep/test_roman.py".into()],
            text: text.into(),
        }
    }

    #[track_caller]
    fn check_order(candidates: &[Candidate], clues: &Clues, expected: &[&str]) {
        let chosen = select(candidates, clues, 10_000);
        let paths: Vec<&str> = chosen.iter().map(|source| source.path.as_str()).collect();
        assert_eq!(paths, expected);
        assert!(chosen.iter().all(|source| source.whole));
    }

    #[test]
    fn frames_then_names_then_nearness() {
        let candidates = [
            candidate("far/away.py", "nothing = 1\n"),
            candidate("src/frame.py", "x = 1\n"),
            candidate("src/names.py", "def to_numeral(): pass\n"),
            candidate("src/roman.py", "y = 1\n"),
            candidate("tests/deep/helper.py", "z = 1\n"),
        ];
        let clues = clues(&[("src/frame.py", 1)], "from roman import to_numeral");
        check_order(
            &candidates,
            &clues,
            &[
                "src/frame.py",
                "src/roman.py",
                "src/names.py",
                "tests/deep/helper.py",
            ],
        );
    }

    #[test]
    fn a_rare_name_counts_more_than_a_common_one() {
        let candidates = [
            candidate("a.py", "common\n"),
            candidate("b.py", "common rare_one\n"),
            candidate("c.py", "common\n"),
        ];
        check_order(
            &candidates,
            &clues(&[], "common rare_one"),
            &["b.py", "a.py", "c.py"],
        );
    }

    #[test]
    fn a_large_file_is_cut_to_what_matters() {
        let mut lines: Vec<String> = (1..=2000).map(|n| format!("filler line {n}")).collect();
        lines[999] = "def to_numeral(n):".into();
        lines[1499] = "    raise ValueError".into();
        let candidates = [candidate("roman.py", &(lines.join("\n") + "\n"))];
        let chosen = select(
            &candidates,
            &clues(&[("roman.py", 1500)], "to_numeral(4)"),
            1000,
        );
        let text = &chosen[0].text;
        assert!(!chosen[0].whole);
        assert_eq!(text.lines().filter(|line| is_gap(line)).count(), 3);
        assert!(
            text.starts_with("[lines 1 to 987 are left out]\nfiller line 988\n"),
            "{text}"
        );
        assert!(text.contains("def to_numeral"), "{text}");
        assert!(
            text.contains("[lines 1013 to 1487 are left out]\n"),
            "{text}"
        );
        assert!(
            text.ends_with("[lines 1513 to 2000 are left out]\n"),
            "{text}"
        );
    }

    #[test]
    fn the_budget_is_kept() {
        let text = "def to_numeral(n): return n\n".repeat(100);
        let candidates: Vec<Candidate> = (0..50)
            .map(|n| candidate(&format!("m{n}.py"), &text))
            .chain([candidate("other.py", "x = 1\n")])
            .collect();
        for budget in [0, 10, 100, 1000, 5000, 100_000] {
            let chosen = select(&candidates, &clues(&[], "to_numeral"), budget);
            let spent: u64 = chosen
                .iter()
                .map(|source| estimate_tokens(&source.text))
                .sum();
            assert!(spent <= budget, "{spent} of {budget}");
        }
    }
}
