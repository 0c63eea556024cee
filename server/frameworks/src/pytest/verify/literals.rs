//! Other values in the place of literals, such that nothing equal to the one equals the other.

use tree_sitter::Node;

use super::tree::{arguments, called};
use crate::verify::syntax::{Edit, any, named, text_of};

/// An edit that makes another value of an expression of literals. `random` is text that no honest
/// value has by chance. Nothing, if it is not sure that the value differs.
pub(super) fn altered(node: Node<'_>, text: &str, random: &str) -> Option<Edit> {
    let own = text_of(node, text);
    match node.kind() {
        "integer" => Some(Edit::new(node.byte_range(), other_integer(own)?)),
        "float" => Some(Edit::new(node.byte_range(), other_float(own)?)),
        "true" => Some(Edit::new(node.byte_range(), "False")),
        "false" => Some(Edit::new(node.byte_range(), "True")),
        "none" => Some(Edit::new(node.byte_range(), format!("\"{random}\""))),
        "string" => other_string(node, text, random),
        "concatenated_string" => named(node)
            .into_iter()
            .filter(|part| part.kind() == "string")
            .find_map(|part| altered(part, text, random)),
        "unary_operator" => {
            let argument = node.child_by_field_name("argument")?;
            let is_number = matches!(argument.kind(), "integer" | "float");
            (own.starts_with('-') && is_number)
                .then(|| altered(argument, text, random))
                .flatten()
        }
        "parenthesized_expression" => named(node)
            .into_iter()
            .find(|inside| inside.kind() != "comment")
            .and_then(|inside| altered(inside, text, random)),
        "list" | "tuple" | "set" => {
            let inside = named(node);
            if inside.is_empty() {
                let one = if node.kind() == "list" {
                    format!("[\"{random}\"]")
                } else {
                    format!("(\"{random}\",)")
                };
                return Some(Edit::new(node.byte_range(), one));
            }
            inside
                .into_iter()
                .find_map(|element| altered(element, text, random))
        }
        "dictionary" => {
            let inside = named(node);
            if inside.is_empty() {
                return Some(Edit::new(node.byte_range(), format!("{{\"{random}\": 1}}")));
            }
            // A later pair may take the place of an earlier one, or an unpacked dictionary of any.
            if inside.iter().any(|pair| pair.kind() == "dictionary_splat") {
                return None;
            }
            let last = inside.into_iter().rfind(|pair| pair.kind() == "pair")?;
            altered(last.child_by_field_name("value")?, text, random)
        }
        "call" if called(node, text) == Some("approx") => {
            altered(*arguments(node)?.first()?, text, random)
        }
        _ => None,
    }
}

/// So far off that no tolerance anybody would write reaches it.
fn other_integer(text: &str) -> Option<String> {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let value = match plain.get(..2) {
        Some("0x") => u64::from_str_radix(&plain[2..], 16),
        Some("0o") => u64::from_str_radix(&plain[2..], 8),
        Some("0b") => u64::from_str_radix(&plain[2..], 2),
        _ => plain.parse(),
    };
    let value = u128::from(value.ok()?);
    Some((value * 3 + 1017).to_string())
}

fn other_float(text: &str) -> Option<String> {
    let value: f64 = text.replace('_', "").parse().ok()?;
    let other = value * 3.0 + 1017.5;
    other.is_finite().then(|| format!("{other:?}"))
}

/// Its first letter doubled, so that code which takes any text of the right letters for equal does
/// not get away with it; where there is none, the random text behind its opening quote: nothing
/// there can be half of an escape.
fn other_string(node: Node<'_>, text: &str, random: &str) -> Option<Edit> {
    let is_formatted = any(node, |node| node.kind() == "interpolation");
    let start = node
        .child(0)
        .filter(|start| start.kind() == "string_start")?;
    let prefix = text_of(start, text).to_ascii_lowercase();
    let first = text.get(start.end_byte()..)?.chars().next()?;
    let inserted = match first.is_ascii_alphanumeric() {
        true => first.to_string(),
        false => random.to_owned(),
    };
    (!is_formatted && !prefix.contains(['f', 't']))
        .then(|| Edit::insert(start.end_byte(), inserted))
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;
    use crate::verify::syntax::apply;

    #[track_caller]
    fn check(literal: &str, expected: Option<&str>) {
        let tree = parse(literal).unwrap();
        let expression = tree
            .root_node()
            .named_child(0)
            .unwrap()
            .named_child(0)
            .unwrap();
        let actual = altered(expression, literal, "qz").map(|edit| apply(literal, &[edit]));
        assert_eq!(actual.as_deref(), expected, "{literal}");
    }

    #[test]
    fn every_kind_of_literal() {
        for (literal, expected) in [
            ("4", Some("1029")),
            ("-4", Some("-1029")),
            ("0x_F", Some("1062")),
            ("1_000", Some("4017")),
            ("3j", None),
            ("0.5", Some("1019.0")),
            ("1e308", None),
            ("'IV'", Some("'IIV'")),
            ("'''a\n'''", Some("'''aa\n'''")),
            ("rb'\\d'", Some("rb'qz\\d'")),
            ("f'{a}'", None),
            ("f'a'", None),
            ("'a' 'b'", Some("'aa' 'b'")),
            ("None", Some("\"qz\"")),
            ("True", Some("False")),
            ("[]", Some("[\"qz\"]")),
            ("()", Some("(\"qz\",)")),
            ("{}", Some("{\"qz\": 1}")),
            ("[x, 3]", Some("[x, 1026]")),
            ("{'a': 1, 'b': [2]}", Some("{'a': 1, 'b': [1023]}")),
            ("{**x, 'a': 1}", None),
            ("(1, 'a')", Some("(1020, 'a')")),
            (
                "pytest.approx(0.5, rel=2)",
                Some("pytest.approx(1019.0, rel=2)"),
            ),
            ("Decimal('1.5')", None),
            ("x", None),
        ] {
            check(literal, expected);
        }
    }
}
