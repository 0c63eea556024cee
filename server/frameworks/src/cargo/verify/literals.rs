//! Other values of the same type in the place of literals, such that nothing equal to the one
//! equals the other, and the text compiles as before.

use tree_sitter::Node;

use super::tree::{Arguments, has_token, macro_name};
use crate::verify::syntax::{Edit, named, text_of};

/// An edit that makes another value of an expression of literals. `random` is text that no honest
/// value has by chance. Nothing, if it is not sure that the value differs.
pub(super) fn altered(node: Node<'_>, text: &str, random: &str) -> Option<Edit> {
    let own = text_of(node, text);
    let replaced = |other: String| Some(Edit::new(node.byte_range(), other));
    match node.kind() {
        "integer_literal" => replaced(other_integer(own)?),
        "float_literal" => replaced(other_float(own)?),
        "boolean_literal" => replaced(if own == "true" { "false" } else { "true" }.to_owned()),
        "char_literal" => replaced(own.replace(
            own.trim_start_matches('b'),
            if own.ends_with("'q'") { "'z'" } else { "'q'" },
        )),
        "string_literal" | "raw_string_literal" => other_string(node, own, random),
        "unary_expression" if own.starts_with('-') => {
            let number = node.named_child(0)?;
            matches!(number.kind(), "integer_literal" | "float_literal")
                .then(|| altered(number, text, random))
                .flatten()
        }
        "reference_expression" => altered(node.child_by_field_name("value")?, text, random),
        // `[x; 0]` is the same whatever x is.
        "array_expression" if has_token(node, ";") => None,
        "array_expression" | "tuple_expression" | "parenthesized_expression" => named(node)
            .into_iter()
            .find_map(|inside| altered(inside, text, random)),
        "call_expression" => call(node, text, random),
        "macro_invocation" => {
            if text_of(macro_name(node)?, text) != "vec" {
                return None;
            }
            let arguments = Arguments::of(node, text)?;
            let edit = arguments
                .nodes()
                .into_iter()
                .find_map(|inside| altered(inside, arguments.text(), random))?;
            Some(arguments.in_file(edit))
        }
        _ => None,
    }
}

/// Calls that keep values apart: constructors of the standard library and conversions.
fn call(node: Node<'_>, text: &str, random: &str) -> Option<Edit> {
    let function = node.child_by_field_name("function")?;
    let arguments = named(node.child_by_field_name("arguments")?);
    if function.kind() == "field_expression" {
        let field = text_of(function.child_by_field_name("field")?, text);
        let converts = matches!(
            field,
            "to_string" | "to_owned" | "into" | "to_vec" | "as_str" | "as_bytes" | "as_slice"
        );
        return (converts && arguments.is_empty())
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
fn other_integer(text: &str) -> Option<String> {
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
    let other = if value <= 50 { value + 51 } else { value / 2 };
    Some(format!("{other}{suffix}"))
}

/// So far off that no tolerance anybody would write reaches it.
fn other_float(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let suffix = ["f64", "f32"]
        .into_iter()
        .find(|suffix| plain.ends_with(suffix))
        .unwrap_or("");
    let value: f64 = plain.strip_suffix(suffix)?.parse().ok()?;
    let other = value * 3.0 + 1017.5;
    (other < f64::from(f32::MAX)).then(|| format!("{other:?}{suffix}"))
}

/// Its first letter doubled, so that code which takes any text of the right letters for equal does
/// not get away with it; where there is none, the random text behind its opening quote: nothing
/// there can be half of an escape. The length of bytes is part of their type, so there one
/// character takes the place of another.
fn other_string(node: Node<'_>, own: &str, random: &str) -> Option<Edit> {
    let inside = own.find('"')? + 1;
    let at = node.start_byte() + inside;
    let first = own.get(inside..)?.chars().next()?;
    if !own.starts_with('b') {
        return Some(match first.is_ascii_alphanumeric() {
            true => Edit::insert(at, first.to_string()),
            false => Edit::insert(at, random),
        });
    }
    let other = if first == 'q' { "z" } else { "q" };
    first
        .is_ascii_alphanumeric()
        .then(|| Edit::new(at..at + 1, other))
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;
    use crate::verify::syntax::{all, apply};

    #[track_caller]
    fn check(literal: &str, expected: Option<&str>) {
        let text = format!("const A: T = {literal};");
        let tree = parse(&text).unwrap();
        assert!(!tree.root_node().has_error(), "{literal}");
        let item = all(tree.root_node(), |node| node.kind() == "const_item")[0];
        let value = item.child_by_field_name("value").unwrap();
        let actual = altered(value, &text, "qz").map(|edit| apply(&text, &[edit]));
        let expected = expected.map(|expected| format!("const A: T = {expected};"));
        assert_eq!(actual, expected);
    }

    #[test]
    fn every_kind_of_literal() {
        for (literal, expected) in [
            ("4", Some("55")),
            ("255u8", Some("127u8")),
            ("-128", Some("-64")),
            ("0xff", Some("127")),
            ("1_994_u32", Some("997u32")),
            ("0.5", Some("1019.0")),
            ("0.5f32", Some("1019.0f32")),
            ("true", Some("false")),
            ("'a'", Some("'q'")),
            ("'q'", Some("'z'")),
            ("b'a'", Some("b'q'")),
            ("'\\n'", Some("'q'")),
            ("\"IV\"", Some("\"IIV\"")),
            ("r#\"IV\"#", Some("r#\"IIV\"#")),
            ("b\"IV\"", Some("b\"qV\"")),
            ("b\"\\n\"", None),
            ("&[1, x]", Some("&[52, x]")),
            ("[x, 1]", Some("[x, 52]")),
            ("[0; 4]", None),
            ("(x, \"a\")", Some("(x, \"aa\")")),
            ("Some(\"IV\")", Some("Some(\"IIV\")")),
            ("Ok::<T, E>(4)", None),
            ("Err(4)", Some("Err(55)")),
            ("\"IV\".to_string()", Some("\"IIV\".to_string()")),
            (
                "Some(String::from(\"IV\"))",
                Some("Some(String::from(\"IIV\"))"),
            ),
            ("vec![1, 2]", Some("vec![52, 2]")),
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
