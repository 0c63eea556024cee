//! Names that some file system takes for `.git`.

/// Whether a name means git's own folder on some file system: in any case, with characters that
/// HFS+ leaves out of account, in NTFS's short form, with dots, blanks or a stream behind it
/// (CVE-2014-9390, CVE-2019-1352).
pub(crate) fn is_git_folder(name: &str) -> bool {
    if !name.contains(['g', 'G']) {
        return false;
    }
    let visible: String = name.chars().filter(|c| !is_left_out(*c)).collect();
    let stem = visible.split(':').next().unwrap_or_default();
    let stem = stem.trim_end_matches(['.', ' ']);
    stem.eq_ignore_ascii_case(".git") || stem.eq_ignore_ascii_case("git~1")
}

fn is_left_out(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}
