//! The assertions of a Rust test that are sure to be reached, and what each becomes so that honest
//! code must fail it.
//!
//! An altered assertion that honest code never reaches would accuse it wrongly. So nothing counts
//! that stands under a condition, in a closure, in a loop that may be empty, or after something
//! that may leave the function early. And the text must compile: nothing changes its type.

use tree_sitter::Node;

use super::tree::{
    Arguments, attribute_name, attributes, has_token, is_test, macro_name, named_items, place,
};
use super::{expected, literals};
use crate::verify::syntax::{Edit, all, any, apply, around, named, short, text_of, visit};
use crate::verify::{Alteration, Copy, MOST_ALTERED, Random, mentions};

/// Everything that reading one file's assertions needs.
pub(super) struct Assertions<'a, 'n, 'r> {
    pub(super) root: Node<'n>,
    pub(super) text: &'a str,
    pub(super) random: &'a mut Random<'r>,
}

/// How an assertion is altered.
struct Altered {
    edits: Vec<Edit>,
    what: String,
}

/// Whose statements are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Test,
    /// A function that a test calls. Its caller may not care for the error that a `?` returns.
    Helper,
}

impl<'n> Assertions<'_, 'n, '_> {
    /// At most [`MOST_ALTERED`] alterations of a test, one for each assertion.
    pub(super) fn of(&mut self, function: Node<'n>) -> Vec<Alteration> {
        let attributes = attributes(function);
        let should_panic = attributes
            .into_iter()
            .find(|attribute| attribute_name(*attribute, self.text) == "should_panic");
        if let Some(attribute) = should_panic {
            // Any assertion that fails is as good as the panic that is wanted.
            return vec![direct(self.other_panic(attribute))];
        }
        let mut found = Vec::new();
        if let Some(body) = function.child_by_field_name("body") {
            self.block(body, Of::Test, &mut found);
        }
        found
    }

    fn other_panic(&mut self, attribute: Node<'n>) -> Altered {
        let expected = all(attribute, |node| {
            matches!(node.kind(), "string_literal" | "raw_string_literal")
        });
        let altered = expected
            .first()
            .and_then(|text| Some((*text, literals::other_part(*text, self.text, self.random)?)));
        match altered {
            Some((literal, edit)) => Altered {
                what: format!(
                    "expects a panic with {} changed to {}",
                    short(text_of(literal, self.text)),
                    short(&self.after(literal, &edit))
                ),
                edits: vec![edit],
            },
            None => Altered {
                what: "expects no panic".to_owned(),
                edits: vec![Edit::new(attribute.byte_range(), "")],
            },
        }
    }

    fn block(&mut self, block: Node<'n>, of: Of, found: &mut Vec<Alteration>) {
        for statement in named(block) {
            if found.len() >= MOST_ALTERED {
                return;
            }
            self.statement(statement, of, found);
            if may_leave(statement, self.text, of) {
                return;
            }
        }
    }

    fn statement(&mut self, node: Node<'n>, of: Of, found: &mut Vec<Alteration>) {
        match node.kind() {
            "expression_statement" => {
                if let Some(inside) = node.named_child(0) {
                    self.statement(inside, of, found);
                }
            }
            "macro_invocation" => found.extend(self.asserted(node).map(direct)),
            "call_expression" if of == Of::Test => found.extend(self.helper(node)),
            "await_expression" | "try_expression" => {
                if let Some(inside) = node
                    .named_child(0)
                    .filter(|it| it.kind() != "macro_invocation")
                {
                    self.statement(inside, of, found);
                }
            }
            "block" => self.block(node, of, found),
            "unsafe_block" => {
                for inside in named(node) {
                    self.statement(inside, of, found);
                }
            }
            "for_expression" if self.surely_runs(node) => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.block(body, of, found);
                }
            }
            _ => {}
        }
    }

    /// `assert!`, `assert_eq!`, `assert_ne!`.
    fn asserted(&mut self, call: Node<'n>) -> Option<Altered> {
        let name = macro_name(call)?;
        let arguments = Arguments::of(call, self.text)?;
        let nodes = arguments.nodes();
        match text_of(name, self.text) {
            "assert_eq" => {
                let (left, right) = (*nodes.first()?, *nodes.get(1)?);
                Some(
                    self.equality(call, &arguments, left, right)
                        .unwrap_or_else(|| self.renamed(call, name, "assert_ne")),
                )
            }
            "assert_ne" if nodes.len() >= 2 => Some(self.renamed(call, name, "assert_eq")),
            "assert" => {
                let condition = *nodes.first()?;
                let own = text_of(condition, arguments.text());
                if let Some(altered) = self.compared(call, &arguments, condition) {
                    return Some(altered);
                }
                let edits = [
                    Edit::insert(condition.start_byte(), "!("),
                    Edit::insert(condition.end_byte(), ")"),
                ];
                Some(Altered {
                    what: format!("{} changed to !({})", short(own), short(own)),
                    edits: edits.map(|edit| arguments.in_file(edit)).into(),
                })
            }
            _ => None,
        }
    }

    /// `assert!(a == "IV")`
    fn compared(
        &mut self,
        call: Node<'n>,
        arguments: &Arguments,
        condition: Node<'_>,
    ) -> Option<Altered> {
        if condition.kind() != "binary_expression" {
            return None;
        }
        let operator = condition.child_by_field_name("operator")?;
        if text_of(operator, arguments.text()) != "==" {
            return None;
        }
        let left = condition.child_by_field_name("left")?;
        let right = condition.child_by_field_name("right")?;
        self.equality(call, arguments, left, right)
    }

    /// Two values that are equal, one of them of literals, or a name for one.
    fn equality(
        &mut self,
        call: Node<'n>,
        arguments: &Arguments,
        left: Node<'_>,
        right: Node<'_>,
    ) -> Option<Altered> {
        let literal = [right, left].into_iter().find_map(|side| {
            let edit = literals::altered(side, arguments.text(), self.random)?;
            let before = text_of(side, arguments.text());
            let after = after(before, side.start_byte(), &edit);
            Some(Altered {
                what: format!("expects {} changed to {}", short(before), short(&after)),
                edits: vec![arguments.in_file(edit)],
            })
        });
        literal.or_else(|| {
            [right, left].into_iter().find_map(|side| {
                let name = expected::name(side, arguments.text())?;
                let edit = expected::altered(call, name, self.text, self.random)?;
                let before = self.text.get(edit.range.clone()).unwrap_or_default();
                Some(Altered {
                    what: format!("{name} changed from {before:?} to {:?}", edit.text),
                    edits: vec![edit],
                })
            })
        })
    }

    fn renamed(&self, call: Node<'n>, name: Node<'n>, other: &str) -> Altered {
        let edit = Edit::new(name.byte_range(), other);
        Altered {
            what: format!("{} changed to {other}!", short(text_of(call, self.text))),
            edits: vec![edit],
        }
    }

    fn after(&self, node: Node<'_>, edit: &Edit) -> String {
        after(text_of(node, self.text), node.start_byte(), edit)
    }

    /// A call of a function of this module that asserts: the function is copied as well.
    fn helper(&mut self, call: Node<'n>) -> Option<Alteration> {
        let called = call.child_by_field_name("function")?;
        if called.kind() != "identifier" || is_local(called, self.text) {
            return None;
        }
        let scope = around(call)
            .find(|node| matches!(node.kind(), "declaration_list" | "source_file"))
            .filter(|scope| {
                scope
                    .parent()
                    .is_none_or(|parent| parent.kind() == "mod_item")
            })?;
        let functions = named_items(
            scope,
            "function_item",
            text_of(called, self.text),
            self.text,
        );
        let [function] = functions[..] else {
            return None;
        };
        if is_test(function, self.text) {
            return None;
        }
        if let Some(altered) = self.argument(call, function) {
            return Some(direct(altered));
        }
        let place = place(function, self.text)?;
        let mut inside = Vec::new();
        self.block(
            function.child_by_field_name("body")?,
            Of::Helper,
            &mut inside,
        );
        let altered = inside.into_iter().next()?;
        let name = self.random.name(text_of(called, self.text));
        Some(Alteration {
            edits: vec![Edit::new(called.byte_range(), &*name)],
            what: format!("in {}: {}", text_of(called, self.text), altered.what),
            helper: Some(Copy {
                place,
                name,
                edits: altered.edits,
            }),
        })
    }

    /// What a call gives to a helper that compares with it, and does nothing else with it, becomes
    /// another value.
    fn argument(&mut self, call: Node<'n>, function: Node<'n>) -> Option<Altered> {
        let mut parameters = named(function.child_by_field_name("parameters")?);
        parameters.retain(|one| one.kind() == "parameter");
        let given = named(call.child_by_field_name("arguments")?);
        let first = named(function.child_by_field_name("body")?);
        let first = first
            .into_iter()
            .find(|it| !it.kind().contains("comment"))?;
        let assertion = first.named_child(0)?;
        if assertion.kind() != "macro_invocation"
            || text_of(macro_name(assertion)?, self.text) != "assert_eq"
        {
            return None;
        }
        let arguments = Arguments::of(assertion, self.text)?;
        let sides = arguments.nodes();
        let sides = [*sides.get(1)?, *sides.first()?];
        sides.into_iter().find_map(|side| {
            let name = expected::name(side, arguments.text())?;
            let is_once = mentions(text_of(function, self.text), name) == 2;
            let own = |one: &Node<'n>| {
                let pattern = one.child_by_field_name("pattern");
                pattern.is_some_and(|pattern| text_of(pattern, self.text) == name)
            };
            let value = *given.get(parameters.iter().position(own).filter(|_| is_once)?)?;
            let edit = literals::altered(value, self.text, self.random)?;
            Some(Altered {
                what: format!(
                    "expects {} changed to {}",
                    short(text_of(value, self.text)),
                    short(&self.after(value, &edit))
                ),
                edits: vec![edit],
            })
        })
    }

    /// Whether a `for` loop has a first turn, whatever the code under test does.
    fn surely_runs(&self, node: Node<'n>) -> bool {
        node.child_by_field_name("value")
            .is_some_and(|value| self.is_not_empty(value, 0))
    }

    fn is_not_empty(&self, node: Node<'n>, depth: usize) -> bool {
        match node.kind() {
            "array_expression" if has_token(node, ";") => false,
            "array_expression" => named(node).iter().any(|it| !it.kind().contains("comment")),
            "string_literal" => text_of(node, self.text).len() > 2,
            "reference_expression" | "parenthesized_expression" => named(node)
                .last()
                .is_some_and(|inside| self.is_not_empty(*inside, depth)),
            "range_expression" => {
                let number = |at| -> Option<i64> {
                    text_of(node.named_child(at)?, self.text)
                        .replace('_', "")
                        .parse()
                        .ok()
                };
                match (number(0), number(1)) {
                    (Some(start), Some(end)) if has_token(node, "..=") => start <= end,
                    (Some(start), Some(end)) => start < end,
                    _ => false,
                }
            }
            "macro_invocation" => {
                let is_vec = macro_name(node).is_some_and(|it| text_of(it, self.text) == "vec");
                is_vec
                    && Arguments::of(node, self.text)
                        .is_some_and(|arguments| !arguments.nodes().is_empty())
            }
            "identifier" if depth < 3 => self
                .bound(node)
                .is_some_and(|value| self.is_not_empty(value, depth + 1)),
            "call_expression" => node
                .child_by_field_name("function")
                .filter(|function| function.kind() == "field_expression")
                .is_some_and(|function| {
                    let field = function.child_by_field_name("field");
                    let keeps = field.is_some_and(|field| {
                        matches!(
                            text_of(field, self.text),
                            "iter"
                                | "into_iter"
                                | "enumerate"
                                | "rev"
                                | "copied"
                                | "cloned"
                                | "chars"
                                | "bytes"
                                | "char_indices"
                        )
                    });
                    let value = function.child_by_field_name("value");
                    keeps && value.is_some_and(|value| self.is_not_empty(value, depth))
                }),
            _ => false,
        }
    }

    /// What a name stands for, if it is bound once in the file, for good.
    fn bound(&self, name: Node<'n>) -> Option<Node<'n>> {
        let wanted = text_of(name, self.text);
        let bindings = all(self.root, |node| {
            let field = match node.kind() {
                "let_declaration" | "parameter" => "pattern",
                "const_item" | "static_item" => "name",
                _ => return false,
            };
            node.child_by_field_name(field).is_some_and(|pattern| {
                any(pattern, |part| {
                    part.kind() == "identifier" && text_of(part, self.text) == wanted
                })
            })
        });
        let [binding] = bindings[..] else {
            return None;
        };
        let is_plain = binding.kind() != "parameter"
            && !has_token(binding, "mutable_specifier")
            && binding
                .child_by_field_name("pattern")
                .is_none_or(|pattern| pattern.kind() == "identifier");
        is_plain
            .then(|| binding.child_by_field_name("value"))
            .flatten()
    }
}

fn direct(altered: Altered) -> Alteration {
    Alteration {
        edits: altered.edits,
        helper: None,
        what: altered.what,
    }
}

/// A node's text with an edit made in it.
fn after(before: &str, start: usize, edit: &Edit) -> String {
    let range = edit.range.start.saturating_sub(start)..edit.range.end.saturating_sub(start);
    apply(before, &[Edit::new(range, edit.text.clone())])
}

/// Whether a name is bound in the function around it.
fn is_local(name: Node<'_>, text: &str) -> bool {
    let wanted = text_of(name, text);
    let Some(function) = around(name).find(|node| node.kind() == "function_item") else {
        return false;
    };
    any(function, |node| {
        matches!(node.kind(), "let_declaration" | "parameter")
            && node
                .child_by_field_name("pattern")
                .is_some_and(|pattern| text_of(pattern, text) == wanted)
            || node.kind() == "function_item"
                && node != function
                && node
                    .child_by_field_name("name")
                    .is_some_and(|own| text_of(own, text) == wanted)
    })
}

/// Whether a statement may leave the function or loop that it stands in, other than by a panic or
/// an error that fails the test.
fn may_leave(statement: Node<'_>, text: &str, of: Of) -> bool {
    let mut leaves = false;
    visit(statement, &mut |node| {
        match node.kind() {
            "return_expression" | "break_expression" | "continue_expression" => leaves = true,
            "try_expression" => leaves |= of == Of::Helper,
            "call_expression" => {
                let function = node.child_by_field_name("function");
                leaves |= function.is_some_and(|it| text_of(it, text).ends_with("process::exit"));
            }
            // In the tokens of a macro, `return` is but a word.
            "token_tree" => {
                let inside = text_of(node, text);
                leaves |= inside
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|it| it == "return");
            }
            _ => {}
        }
        !matches!(
            node.kind(),
            "function_item" | "closure_expression" | "async_block" | "token_tree"
        )
    });
    leaves
}
