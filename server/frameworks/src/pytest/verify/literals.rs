//! Other values in the place of literals, such that nothing equal to the one equals the other.
//! equals the other, and nobody can tell by its looks which of them was there first.

use tree_sitter::Node;

use super::tree::{arguments, called};
use crate::verify::syntax::{Edit, all, any, named, text_of};
use crate::verify::{Random, values};

/// How far off another number must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Off {
    /// By so much that it is not roughly equal.
    Some,
    /// By more than any tolerance that anybody would write.
    Far,
}

/// An edit that makes another value, drawn at random and of the same kind, of an expression of
/// literals. Nothing, if it is not sure that the value differs.
pub(super) fn altered(
    node: Node<'_>,
    text: &str,
    off: Off,
    random: &mut Random<'_>,
) -> Option<Edit> {
    let own = text_of(node, text);
    let replaced = |with: String| Some(Edit::new(node.byte_range(), with));
    match node.kind() {
        "integer" => replaced(other_integer(own, off, random)?),
        "float" => replaced(other_float(own, off, random)?),
        "true" => replaced("False".to_owned()),
        "false" => replaced("True".to_owned()),
        "none" => replaced(filler(random)),
        "string" => other_string(node, text, random),
        "concatenated_string" => named(node)
            .into_iter()
            .filter(|part| part.kind() == "string")
            .find_map(|part| altered(part, text, off, random)),
        "unary_operator" => {
            let argument = node.child_by_field_name("argument")?;
            let is_number = matches!(argument.kind(), "integer" | "float");
            (own.starts_with('-') && is_number)
                .then(|| altered(argument, text, off, random))
                .flatten()
        }
        "parenthesized_expression" => named(node)
            .into_iter()
            .find(|inside| inside.kind() != "comment")
            .and_then(|inside| altered(inside, text, off, random)),
        "list" | "tuple" | "set" => {
            let inside = named(node);
            if inside.is_empty() {
                let one = filler(random);
                return replaced(match node.kind() {
                    "list" => format!("[{one}]"),
                    _ => format!("({one},)"),
                });
            }
            random
                .shuffled(inside)
                .into_iter()
                .find_map(|element| altered(element, text, off, random))
        }
        "dictionary" => {
            let inside = named(node);
            if inside.is_empty() {
                let (key, value) = (random.word(), filler(random));
                return replaced(format!("{{\"{key}\": {value}}}"));
            }
            // A later pair may take the place of an earlier one, or an unpacked dictionary of any.
            if inside.iter().any(|pair| pair.kind() == "dictionary_splat") {
                return None;
            }
            let last = inside.into_iter().rfind(|pair| pair.kind() == "pair")?;
            altered(last.child_by_field_name("value")?, text, off, random)
        }
        "call" if called(node, text) == Some("approx") => {
            let value = *arguments(node)?.first()?;
            altered(value, text, off_beyond(node, 1), random)
        }
        _ => None,
    }
}

/// How far off another number must be where a call compares `values` roughly: what stands beside
/// them is a tolerance.
pub(super) fn off_beyond(call: Node<'_>, values: usize) -> Off {
    match call.child_by_field_name("arguments") {
        Some(list) if named(list).len() > values => Off::Far,
        _ => Off::Some,
    }
}

/// Something where there was nothing.
fn filler(random: &mut Random<'_>) -> String {
    if random.place(2) == 0 {
        return (random.place(9) + 1).to_string();
    }
    format!("\"{}\"", random.word())
}

fn other_integer(own: &str, off: Off, random: &mut Random<'_>) -> Option<String> {
    let plain = own.replace('_', "").to_ascii_lowercase();
    let value = match plain.get(..2) {
        Some("0x") => u64::from_str_radix(&plain[2..], 16),
        Some("0o") => u64::from_str_radix(&plain[2..], 8),
        Some("0b") => u64::from_str_radix(&plain[2..], 2),
        _ => plain.parse(),
    };
    let value = u128::from(value.ok()?);
    let other = match off {
        Off::Some => values::integer(value, u128::MAX, random)?,
        Off::Far => values::far_integer(value, random),
    };
    Some(values::written_like(own, other))
}

fn other_float(own: &str, off: Off, random: &mut Random<'_>) -> Option<String> {
    let plain = own.replace('_', "");
    match off {
        Off::Some => values::float(&plain, random),
        Off::Far => None,
    }
    .or_else(|| values::far_float(&plain, random))
}

fn other_string(node: Node<'_>, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let is_formatted = any(node, |node| node.kind() == "interpolation");
    let part = |kind| named(node).into_iter().find(|part| part.kind() == kind);
    let (start, end) = (part("string_start")?, part("string_end")?);
    let prefix = text_of(start, text).to_ascii_lowercase();
    if is_formatted || prefix.contains(['f', 't']) {
        return None;
    }
    let escapes = all(node, |part| part.kind() == "escape_sequence");
    let quoted = values::Quoted {
        text: text.get(start.end_byte()..end.start_byte())?,
        start: start.end_byte(),
        escapes: escapes.iter().map(Node::byte_range).collect(),
        keeps_length: false,
    };
    quoted.other(random)
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::super::tree::parse;
    use super::*;
    use crate::verify::seeded;
    use crate::verify::syntax::apply;

    /// What a literal becomes, each time it is drawn, looks as it is expected to look.
    #[track_caller]
    fn check(literal: &str, off: Off, expected: Option<&str>) {
        let tree = parse(literal).unwrap();
        let expression = tree
            .root_node()
            .named_child(0)
            .unwrap()
            .named_child(0)
            .unwrap();
        let shape = expected.map(|shape| Regex::new(&format!("^(?:{shape})$")).unwrap());
        for seed in 0..100 {
            let mut source = seeded(seed);
            let mut random = Random::new(&mut source);
            random.learn(literal);
            let edit = altered(expression, literal, off, &mut random);
            let actual = edit.map(|edit| apply(literal, &[edit]));
            let fits = match (&actual, &shape) {
                (Some(actual), Some(shape)) => shape.is_match(actual) && actual != literal,
                (actual, shape) => actual.is_none() && shape.is_none(),
            };
            assert!(fits, "{literal} became {actual:?}");
            if let Some(actual) = actual {
                assert!(!parse(&actual).unwrap().root_node().has_error(), "{actual}");
            }
        }
    }

    #[test]
    fn every_kind_of_literal() {
        for (literal, expected) in [
            ("4", Some("[1-9]|1[0-2]")),
            ("-4", Some("-([1-9]|1[0-2])")),
            ("0x_F", Some("0x[0-9a-fA-F]{1,2}")),
            ("1_000", Some("[4-8][0-9]{2}|1_[1-5][0-9]{2}")),
            ("3j", None),
            ("0.5", Some("0\\.[1-9]")),
            ("1e300", Some("[2-9]e300")),
            ("1e308", None),
            ("'IV'", Some("'[A-Z]{1,3}'")),
            ("'''a\n'''", Some("'''[a-z]{1,2}\n'''")),
            ("rb'\\d'", Some("rb'[a-z]+\\\\d'")),
            ("f'{a}'", None),
            ("f'a'", None),
            ("'a' 'b'", Some("'[a-z]{1,2}' 'b'")),
            ("None", Some("\"[a-z]+\"|[1-9]")),
            ("True", Some("False")),
            ("[]", Some("\\[(\"[a-z]+\"|[1-9])\\]")),
            ("()", Some("\\((\"[a-z]+\"|[1-9]),\\)")),
            ("{}", Some("\\{\"[a-z]+\": (\"[a-z]+\"|[1-9])\\}")),
            ("[x, 3]", Some("\\[x, [0-9]+\\]")),
            ("{'a': 1, 'b': [2]}", Some("\\{'a': 1, 'b': \\[[0-9]\\]\\}")),
            ("{**x, 'a': 1}", None),
            ("(1, 'a')", Some("\\([2-7], 'a'\\)|\\(1, '[a-z]{1,2}'\\)")),
            ("pytest.approx(0.5)", Some("pytest.approx\\(0\\.[1-9]\\)")),
            (
                "pytest.approx(0.5, rel=2)",
                Some("pytest.approx\\([123][0-9]{3}\\.0, rel=2\\)"),
            ),
            (
                "pytest.approx(5, abs=9)",
                Some("pytest.approx\\([123][0-9]{3}, abs=9\\)"),
            ),
            ("Decimal('1.5')", None),
            ("x", None),
        ] {
            check(literal, Off::Some, expected);
        }
        check("4", Off::Far, Some("[123][0-9]{3}"));
        check("0.5", Off::Far, Some("[123][0-9]{3}\\.0"));
        check("1e308", Off::Far, None);
    }
}
