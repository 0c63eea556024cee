//! Other values of the same type in the place of literals, such that nothing equal to the one
//! equals the other, nobody can tell by its looks which of them was there first, and the text
//! compiles as before.

use tree_sitter::Node;

use super::tree::{Arguments, has_token, macro_name};
use crate::verify::syntax::{Edit, all, named, text_of};
use crate::verify::{Random, values};

/// An edit that makes another value, drawn at random and of the same kind, of an expression of
/// literals. Nothing, if it is not sure that the value differs.
pub(super) fn altered(node: Node<'_>, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let own = text_of(node, text);
    let replaced = |other: String| Some(Edit::new(node.byte_range(), other));
    match node.kind() {
        "integer_literal" => replaced(other_integer(own, random)?),
        "float_literal" => replaced(other_float(own, random)?),
        "boolean_literal" => replaced(if own == "true" { "false" } else { "true" }.to_owned()),
        "char_literal" => replaced(other_char(own, random)?),
        "string_literal" | "raw_string_literal" => other_string(node, own)?.other(random),
        "unary_expression" if own.starts_with('-') => {
            let number = node.named_child(0)?;
            matches!(number.kind(), "integer_literal" | "float_literal")
                .then(|| altered(number, text, random))
                .flatten()
        }
        "reference_expression" => altered(node.child_by_field_name("value")?, text, random),
        // `[x; 0]` is the same whatever x is.
        "array_expression" if has_token(node, ";") => None,
        "array_expression" | "tuple_expression" | "parenthesized_expression" => random
            .shuffled(named(node))
            .into_iter()
            .find_map(|inside| altered(inside, text, random)),
        "call_expression" => call(node, text, random),
        "macro_invocation" => {
            if text_of(macro_name(node)?, text) != "vec" {
                return None;
            }
            let arguments = Arguments::of(node, text)?;
            let edit = random
                .shuffled(arguments.nodes())
                .into_iter()
                .find_map(|inside| altered(inside, arguments.text(), random))?;
            Some(arguments.in_file(edit))
        }
        _ => None,
    }
}

/// Methods that give a value as another type has it.
pub(super) const CONVERSIONS: [&str; 7] = [
    "to_string",
    "to_owned",
    "into",
    "to_vec",
    "as_str",
    "as_bytes",
    "as_slice",
];

/// Calls that keep values apart: constructors of the standard library and conversions.
fn call(node: Node<'_>, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let function = node.child_by_field_name("function")?;
    let arguments = named(node.child_by_field_name("arguments")?);
    if function.kind() == "field_expression" {
        let field = text_of(function.child_by_field_name("field")?, text);
        return (CONVERSIONS.contains(&field) && arguments.is_empty())
            .then(|| altered(function.child_by_field_name("value")?, text, random))
            .flatten();
    }
    let known = matches!(
        text_of(function, text),
        "Some" | "Ok" | "Err" | "String::from" | "Box::new" | "Rc::new" | "Arc::new" | "Vec::from"
    );
    match arguments[..] {
        [argument] if known => altered(argument, text, random),
        _ => None,
    }
}

const SUFFIXES: [&str; 14] = [
    "usize", "isize", "u128", "i128", "u64", "i64", "u32", "i32", "u16", "i16", "u8", "i8", "f64",
    "f32",
];

/// A value that every type has which has the first.
fn other_integer(text: &str, random: &mut Random<'_>) -> Option<String> {
    let plain = text.replace('_', "");
    let radix = match plain.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let suffix = SUFFIXES
        .into_iter()
        // `f32` may be digits.
        .filter(|suffix| radix != 16 || !suffix.starts_with('f'))
        .find(|suffix| plain.ends_with(suffix))
        .unwrap_or("");
    let digits = plain.strip_suffix(suffix).unwrap_or(&plain);
    let digits = if radix == 10 {
        digits
    } else {
        digits.get(2..)?
    };
    let value = u128::from_str_radix(digits, radix).ok()?;
    // One suffix or none, the type is known to the compiler alone: what is no larger than the
    // first fits, and what fits in the smallest of all.
    let other = values::integer(value, value.max(127), random)?;
    let written = text.trim_end_matches(suffix).trim_end_matches('_');
    let is_parted = text.ends_with(&format!("_{suffix}")) && !suffix.is_empty();
    let parting = if is_parted { "_" } else { "" };
    let number = values::written_like(written, other);
    Some(format!("{number}{parting}{suffix}"))
}

fn other_float(text: &str, random: &mut Random<'_>) -> Option<String> {
    let plain = text.replace('_', "");
    let suffix = ["f64", "f32"]
        .into_iter()
        .find(|suffix| plain.ends_with(suffix))
        .unwrap_or("");
    let number = plain.strip_suffix(suffix)?;
    let other = values::float(number, random).or_else(|| values::far_float(number, random))?;
    let fits = other
        .parse()
        .is_ok_and(|value: f64| value < f64::from(f32::MAX));
    fits.then(|| format!("{other}{suffix}"))
}

/// Another character: a letter for a letter, a digit for a digit.
fn other_char(own: &str, random: &mut Random<'_>) -> Option<String> {
    let start = if own.starts_with('b') { "b'" } else { "'" };
    let inside = own.strip_prefix(start)?.strip_suffix('\'')?;
    let plain = inside.chars().next()?;
    let other = match inside {
        "\\n" | "\\t" | "\\r" | "\\0" => {
            let others = ["\\n", "\\t", "\\r", "\\0"].into_iter();
            let others: Vec<&str> = others.filter(|other| *other != inside).collect();
            random.pick(&others)?.to_owned()
        }
        // Which character it is does not matter if none of these is ever written so.
        _ if inside.starts_with("\\x") || inside.starts_with("\\u") => {
            random.pick(&["\\r", "\\0"])?.to_owned()
        }
        _ if plain.is_ascii_alphanumeric() => random.alike(plain).to_string(),
        _ => {
            let others = "-_.,:;+*/#".chars().filter(|other| *other != plain);
            random.pick(&others.collect::<Vec<char>>())?.to_string()
        }
    };
    Some(format!("{start}{other}'"))
}

/// What stands between the quotes of a text. The length of bytes is part of their type.
fn other_string<'t>(node: Node<'_>, own: &'t str) -> Option<values::Quoted<'t>> {
    let (first, last) = (own.find('"')? + 1, own.rfind('"')?);
    let escapes = all(node, |part| part.kind() == "escape_sequence");
    Some(values::Quoted {
        text: own.get(first..last)?,
        start: node.start_byte() + first,
        escapes: escapes.iter().map(Node::byte_range).collect(),
        keeps_length: own.starts_with('b'),
    })
}

/// An edit that makes of a text one that it does not contain, for where a part is enough.
pub(super) fn other_part(node: Node<'_>, text: &str, random: &mut Random<'_>) -> Option<Edit> {
    let own = text_of(node, text);
    let quoted = other_string(node, own)?;
    // A short one may be part of anything.
    let draws = if quoted.text.len() < 5 { 0 } else { 20 };
    let mut drawn = (0..draws).filter_map(|_| quoted.other(random));
    let other = drawn.find(|edit| !edit.text.is_empty());
    other.or_else(|| Some(Edit::insert(quoted.start, random.name(""))))
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
    fn check(literal: &str, expected: Option<&str>) {
        let text = format!("const A: T = {literal};");
        let tree = parse(&text).unwrap();
        assert!(!tree.root_node().has_error(), "{literal}");
        let item = all(tree.root_node(), |node| node.kind() == "const_item")[0];
        let value = item.child_by_field_name("value").unwrap();
        let shape = expected.map(|shape| Regex::new(&format!("^const A: T = (?:{shape});$")));
        let shape = shape.map(Result::unwrap);
        for seed in 0..100 {
            let mut source = seeded(seed);
            let mut random = Random::new(&mut source);
            random.learn(&text);
            let edit = altered(value, &text, &mut random);
            let actual = edit.map(|edit| apply(&text, &[edit]));
            let fits = match (&actual, &shape) {
                (Some(actual), Some(shape)) => shape.is_match(actual) && *actual != text,
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
            ("255u8", Some("(1[2-9]|2[0-4])[0-9]u8")),
            ("-128", Some("-([5-9][0-9]|1[0-2][0-9])")),
            ("0xff", Some("0x[7-9a-f][0-9a-f]")),
            ("1_994_u32", Some("([9]|1_[0-7])[0-9]{2}_u32")),
            ("0.5", Some("0\\.[1-9]")),
            ("0.5f32", Some("0\\.[1-9]f32")),
            ("9e307", None),
            ("true", Some("false")),
            ("'a'", Some("'[b-z]'")),
            ("'Q'", Some("'[A-Z]'")),
            ("b'7'", Some("b'[0-9]'")),
            ("'\\n'", Some("'\\\\[tr0]'")),
            ("'\\x61'", Some("'\\\\[r0]'")),
            ("'-'", Some("'[_.,:;+*/#]'")),
            ("\"IV\"", Some("\"[A-Z]{1,3}\"")),
            ("r#\"IV\"#", Some("r#\"[A-Z]{1,3}\"#")),
            ("b\"IV\"", Some("b\"[A-Z]{2}\"")),
            ("b\"\\n\"", None),
            ("\"\"", Some("\"[a-z]+\"")),
            ("&[1, x]", Some("&\\[[2-7], x\\]")),
            ("[x, 1]", Some("\\[x, [2-7]\\]")),
            ("[0; 4]", None),
            ("(x, \"a\")", Some("\\(x, \"[a-z]{1,2}\"\\)")),
            ("Some(\"IV\")", Some("Some\\(\"[A-Z]{1,3}\"\\)")),
            ("Ok::<T, E>(4)", None),
            ("Err(4)", Some("Err\\([0-9]+\\)")),
            ("\"IV\".to_string()", Some("\"[A-Z]{1,3}\".to_string\\(\\)")),
            (
                "Some(String::from(\"IV\"))",
                Some("Some\\(String::from\\(\"[A-Z]{1,3}\"\\)\\)"),
            ),
            ("vec![1, 2]", Some("vec!\\[[0-9], 2\\]|vec!\\[1, [0-9]\\]")),
            ("vec![0; 4]", None),
            ("vec![]", None),
            ("None", None),
            ("Point { x: 1 }", None),
            ("Roman(4)", None),
            ("x", None),
        ] {
            check(literal, expected);
        }
    }
}
