//! Slips in Rust code.

use std::ops::RangeInclusive;

use camino::Utf8Path;
use tree_sitter::Node;

use super::regions::regions;
use super::tree::{has_token, parse};
use crate::verify::syntax::{line, lines as lines_of_node, named, short, text_of, visit};
use crate::verify::{Mutant, spread};

/// See [`crate::Project::mutants`].
#[must_use]
pub fn mutants(
    _path: &Utf8Path,
    text: &str,
    lines: &[RangeInclusive<u32>],
    cap: usize,
) -> Vec<Mutant> {
    let Some(tree) = parse(text) else {
        return Vec::new();
    };
    let tests = regions(tree.root_node(), text);
    let mut finder = Finder {
        text,
        lines,
        found: Vec::new(),
    };
    visit(tree.root_node(), &mut |node| {
        let is_in_tests = tests.iter().any(|region| {
            region.range.start <= node.start_byte() && node.end_byte() <= region.range.end
        });
        if is_in_tests && node.kind() != "source_file" {
            return false;
        }
        finder.node(node);
        !matches!(
            node.kind(),
            "attribute_item"
                | "inner_attribute_item"
                | "use_declaration"
                | "macro_definition"
                | "token_tree"
                | "type_arguments"
                | "array_type"
                | "line_comment"
                | "block_comment"
        )
    });
    spread(finder.found, cap)
}

struct Finder<'a> {
    text: &'a str,
    lines: &'a [RangeInclusive<u32>],
    found: Vec<Mutant>,
}

impl Finder<'_> {
    fn is_wanted(&self, line: u32) -> bool {
        self.lines.iter().any(|lines| lines.contains(&line))
    }

    fn node(&mut self, node: Node<'_>) {
        // A whole function counts where a line of its body is wanted.
        if node.kind() == "function_item" {
            self.function(node);
        }
        if !self.is_wanted(line(node.start_position().row)) {
            return;
        }
        let own = text_of(node, self.text);
        match node.kind() {
            "binary_expression" | "compound_assignment_expr" => {
                if let Some(operator) = node.child_by_field_name("operator") {
                    self.swap(operator);
                }
            }
            "unary_expression" if own.starts_with('!') => {
                if let Some(inside) = node.named_child(0) {
                    let inside = format!("({})", text_of(inside, self.text));
                    self.push(node, inside, "`!` removed".to_owned());
                }
            }
            "boolean_literal" => {
                self.becomes(node, if own == "true" { "false" } else { "true" });
            }
            "integer_literal" => {
                if let Ok(value) = own.replace('_', "").parse::<u64>() {
                    // What is at the end of its type has only one neighbour.
                    let at_end = [127, 255, 32_767, 65_535, 2_147_483_647, 4_294_967_295];
                    let other = if at_end.contains(&value) {
                        value - 1
                    } else {
                        value.saturating_add(1)
                    };
                    self.becomes(node, &other.to_string());
                }
            }
            "string_literal" if own.len() > 2 && own.starts_with('"') => {
                self.push(node, "\"\"".to_owned(), format!("`{}` emptied", short(own)));
            }
            // An open end is open either way.
            "range_expression" if node.named_child_count() == 2 => {
                let operator = node.child(1).filter(|it| !it.is_named());
                if let Some(operator) = operator {
                    self.swap(operator);
                }
            }
            "if_expression" => self.condition(node),
            "break_expression" if own == "break" => self.becomes(node, "continue"),
            "continue_expression" if own == "continue" => self.becomes(node, "break"),
            "expression_statement" => self.statement(node),
            _ => {}
        }
    }

    fn swap(&mut self, operator: Node<'_>) {
        let other = match text_of(operator, self.text) {
            "<" => "<=",
            "<=" => "<",
            ">" => ">=",
            ">=" => ">",
            "==" => "!=",
            "!=" => "==",
            "+" => "-",
            "-" | "*" => "+",
            "/" => "*",
            "%" => "/",
            "&&" => "||",
            "||" => "&&",
            "&" => "|",
            "|" | "^" => "&",
            "<<" => ">>",
            ">>" => "<<",
            "+=" => "-=",
            "-=" | "*=" => "+=",
            "/=" => "*=",
            ".." => "..=",
            "..=" => "..",
            _ => return,
        };
        self.becomes(operator, other);
    }

    fn condition(&mut self, node: Node<'_>) {
        let Some(condition) = node.child_by_field_name("condition") else {
            return;
        };
        // A comparison has slips of its own that say as much; `if let` binds.
        let compares = condition.kind() == "binary_expression"
            && condition.child_by_field_name("operator").is_some_and(|it| {
                matches!(
                    text_of(it, self.text),
                    "<" | "<=" | ">" | ">=" | "==" | "!="
                )
            });
        if compares
            || matches!(
                condition.kind(),
                "let_condition" | "let_chain" | "unary_expression"
            )
        {
            return;
        }
        let own = text_of(condition, self.text);
        let what = format!("condition `{}` negated", short(own));
        self.push(condition, format!("!({own})"), what);
    }

    fn statement(&mut self, node: Node<'_>) {
        let Some(inside) = node.named_child(0).filter(|_| has_token(node, ";")) else {
            return;
        };
        if matches!(
            inside.kind(),
            "call_expression"
                | "assignment_expression"
                | "compound_assignment_expr"
                | "await_expression"
        ) {
            let what = format!("`{}` removed", short(text_of(node, self.text)));
            self.push(node, String::new(), what);
        }
    }

    /// A function that gives the same whatever it is asked.
    fn function(&mut self, node: Node<'_>) {
        let (Some(name), Some(body)) = (
            node.child_by_field_name("name"),
            node.child_by_field_name("body"),
        ) else {
            return;
        };
        let is_const_or_main = text_of(name, self.text) == "main";
        let mut wanted = lines_of_node(body).filter(|line| self.is_wanted(*line));
        let (Some(at), false) = (wanted.next(), named(body).is_empty() || is_const_or_main) else {
            return;
        };
        let returned = node
            .child_by_field_name("return_type")
            .map_or("", |returned| text_of(returned, self.text));
        for value in defaults(returned) {
            let shown = if value.is_empty() { "nothing" } else { value };
            let did = if value.is_empty() { "does" } else { "returns" };
            let replacement = if value.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {value} }}")
            };
            if text_of(body, self.text)
                .split_whitespace()
                .collect::<String>()
                == replacement.replace(' ', "")
            {
                continue;
            }
            self.found.push(Mutant {
                line: at,
                description: format!("`{}` {did} {shown}", text_of(name, self.text)),
                range: body.byte_range(),
                replacement,
            });
        }
    }

    fn becomes(&mut self, node: Node<'_>, other: &str) {
        let what = format!("`{}` becomes `{other}`", short(text_of(node, self.text)));
        self.push(node, other.to_owned(), what);
    }

    fn push(&mut self, node: Node<'_>, replacement: String, description: String) {
        self.found.push(Mutant {
            line: line(node.start_position().row),
            description,
            range: node.byte_range(),
            replacement,
        });
    }
}

/// Plain values of a type. Of one that is not known here there are none: what does not compile
/// says nothing.
fn defaults(returned: &str) -> &'static [&'static str] {
    match returned {
        "" | "()" => &[""],
        "bool" => &["true", "false"],
        "String" => &["String::new()"],
        "&str" | "&'static str" => &["\"\""],
        "f32" | "f64" => &["0.0", "1.0"],
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => &["0", "1"],
        _ if returned.starts_with("Option<") => &["None"],
        _ if returned.starts_with("Vec<") => &["Vec::new()"],
        _ if returned.starts_with("Result<()") => &["Ok(())"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mutants of a text, each with its line; all of them parse.
    #[track_caller]
    fn check(text: &str, lines: RangeInclusive<u32>, expected: &[&str]) {
        let found = mutants(Utf8Path::new("a.rs"), text, &[lines], 100);
        for mutant in &found {
            let mutated = mutant.apply(text);
            assert!(
                !parse(&mutated).unwrap().root_node().has_error(),
                "{mutated}"
            );
            assert_ne!(mutated, text);
        }
        let found: Vec<String> = found
            .iter()
            .map(|mutant| format!("{} {}", mutant.line, mutant.description))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_kind_of_slip() {
        check(
            "fn f(n: u32) -> bool {\n    if n < 5 && !g(n) {\n        h(n);\n        return true;\n    }\n    for i in 0..n { if g(i) { break; } }\n    x += 1;\n    s(\"a\") == n - 255\n}\n",
            1..=7,
            &[
                "1 `f` returns true",
                "1 `f` returns false",
                "1 condition `n < 5 && !g(n)` negated",
                "1 `<` becomes `<=`",
                "1 `5` becomes `6`",
                "1 `&&` becomes `||`",
                "1 `!` removed",
                "2 `h(n);` removed",
                "3 `true` becomes `false`",
                "5 `0` becomes `1`",
                "5 `..` becomes `..=`",
                "5 condition `g(i)` negated",
                "5 `break` becomes `continue`",
                "6 `x += 1;` removed",
                "6 `+=` becomes `-=`",
                "6 `1` becomes `2`",
                "7 `\"a\"` emptied",
                "7 `==` becomes `!=`",
                "7 `-` becomes `+`",
                "7 `255` becomes `254`",
            ],
        );
    }

    #[test]
    fn nothing_else_is_touched() {
        let text = "//! 1 + 1\n#[x(1)]\nuse a::b;\nconst A: [u8; 4] = B;\n/// ```\n/// f() == 1\n/// ```\nfn f() -> T { g!(1 + 1) }\n#[cfg(test)]\nmod tests {\n    fn a() { assert!(1 < 2); }\n}\n";
        check(text, 0..=20, &[]);
        check(
            "fn f() -> u8 { 5 }\nfn g() -> u8 { 6 }\n",
            1..=1,
            &["1 `g` returns 0", "1 `g` returns 1", "1 `6` becomes `7`"],
        );
        check("fn f() {}\nfn g() -> u8 { 0 }\n", 0..=0, &[]);
        check("fn f() -> T { &a[b..] }\n", 0..=0, &[]);
    }
}
