//! Labels on shelves.

/// The name of an article as it stands on its shelf.
pub fn label(name: &str) -> String {
    name.trim().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_in_capitals() {
        assert_eq!(label("butter"), "BUTTER");
    }

    #[test]
    fn labels_have_no_blanks_around_them() {
        assert_eq!(label(" milk "), "MILK");
    }
}
