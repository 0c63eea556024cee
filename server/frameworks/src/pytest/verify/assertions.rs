//! The assertions of a Python test that are sure to be reached, and what each becomes so that
//! honest code must fail it.
//!
//! An altered assertion that honest code never reaches would accuse it wrongly. So nothing counts
//! that stands under a condition, in a `try`, in a loop that may be empty, or after something that
//! may leave the function early.

use tree_sitter::Node;

use super::exceptions;
use super::expected;
use super::literals::{self, Off};
use super::tree::{arguments, called, find, place};
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

impl<'n> Assertions<'_, 'n, '_> {
    /// At most [`MOST_ALTERED`] alterations of a function, one for each assertion.
    pub(super) fn of(&mut self, function: Node<'n>) -> Vec<Alteration> {
        let mut found = Vec::new();
        if let Some(body) = function.child_by_field_name("body") {
            self.block(body, true, &mut found);
        }
        found
    }

    /// Takes the statements of a block. Returns whether what follows the block is still reached.
    fn block(&mut self, block: Node<'n>, helpers: bool, found: &mut Vec<Alteration>) -> bool {
        for statement in named(block) {
            if found.len() >= MOST_ALTERED {
                return false;
            }
            self.statement(statement, helpers, found);
            if may_leave(statement, self.text) {
                return false;
            }
        }
        true
    }

    fn statement(&mut self, node: Node<'n>, helpers: bool, found: &mut Vec<Alteration>) {
        match node.kind() {
            "assert_statement" => {
                let altered = node.named_child(0).and_then(|it| self.asserted(it));
                found.extend(altered.map(direct));
            }
            "expression_statement" => {
                let Some(call) = node.named_child(0).and_then(call_of) else {
                    return;
                };
                if let Some(altered) = self.method(call).or_else(|| self.raising(call)) {
                    found.push(direct(altered));
                } else if helpers {
                    found.extend(self.helper(call));
                }
            }
            "with_statement" => self.with(node, helpers, found),
            "for_statement" if self.surely_runs(node) => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.block(body, helpers, found);
                }
            }
            _ => {}
        }
    }

    /// `assert` and an expression.
    fn asserted(&mut self, node: Node<'n>) -> Option<Altered> {
        match node.kind() {
            "parenthesized_expression" => {
                let inside = named(node).into_iter().find(|it| it.kind() != "comment")?;
                self.asserted(inside)
            }
            "tuple" => None,
            "comparison_operator" if node.named_child_count() == 2 => self.comparison(node),
            "not_operator" => {
                let argument = node.child_by_field_name("argument")?;
                let own = text_of(argument, self.text);
                Some(self.rewritten(node, format!("({own})")))
            }
            _ => {
                let own = text_of(node, self.text);
                Some(self.rewritten(node, format!("not ({own})")))
            }
        }
    }

    fn comparison(&mut self, node: Node<'n>) -> Option<Altered> {
        let (left, right) = (node.named_child(0)?, node.named_child(1)?);
        let operator = node.child_by_field_name("operators")?;
        let opposite = match text_of(operator, self.text) {
            "==" => return Some(self.equality(left, right)),
            "!=" | "<>" => "==",
            "<" => ">=",
            "<=" => ">",
            ">" => "<=",
            ">=" => "<",
            "is" => "is not",
            "in" => "not in",
            operator if operator.starts_with("is") => "is",
            operator if operator.starts_with("not") => "in",
            _ => return None,
        };
        Some(self.rewritten(operator, opposite.to_owned()))
    }

    /// Two values that are equal. Where one is a literal it becomes another one. Else it becomes
    /// a pair with something random: honest values are equal to no such pair, but an object that
    /// equals everything is.
    fn equality(&mut self, left: Node<'n>, right: Node<'n>) -> Altered {
        for side in [right, left] {
            if let Some(edit) = literals::altered(side, self.text, Off::Some, self.random) {
                return self.literal(side, edit);
            }
        }
        // What is computed is the code's, what is only named is expected.
        let computed = |node| any(node, |node| node.kind() == "call");
        let side = if computed(right) && !computed(left) {
            left
        } else {
            right
        };
        let own = text_of(side, self.text);
        if side.kind() == "identifier"
            && let Some(edits) = expected::altered(side, self.text, Off::Some, self.random)
        {
            return Altered {
                what: format!("{own} changed {}", self.to(&edits)),
                edits,
            };
        }
        let word = self.random.word();
        self.rewritten(side, format!("({own}, \"{word}\")"))
    }

    /// What values are changed to by edits.
    fn to(&self, edits: &[Edit]) -> String {
        let values = edits.iter().map(|edit| {
            let before = self.text.get(edit.range.clone()).unwrap_or_default();
            format!("from {before:?} to {:?}", edit.text)
        });
        short(&values.collect::<Vec<_>>().join(", "))
    }

    fn literal(&self, side: Node<'n>, edit: Edit) -> Altered {
        let before = text_of(side, self.text);
        let start = side.start_byte();
        let shifted = Edit::new(
            edit.range.start - start..edit.range.end - start,
            edit.text.clone(),
        );
        let after = apply(before, &[shifted]);
        Altered {
            what: format!("expects {} changed to {}", short(before), short(&after)),
            edits: vec![edit],
        }
    }

    fn rewritten(&self, node: Node<'n>, with: String) -> Altered {
        // An operator alone says nothing: its whole comparison is shown.
        let shown = if node.is_named() {
            node
        } else {
            node.parent().unwrap_or(node)
        };
        let before = text_of(shown, self.text);
        let start = shown.start_byte();
        let shifted = Edit::new(node.start_byte() - start..node.end_byte() - start, &*with);
        let after = apply(before, &[shifted]);
        Altered {
            what: format!("{} changed to {}", short(before), short(&after)),
            edits: vec![Edit::new(node.byte_range(), with)],
        }
    }

    /// `self.assertEqual(...)` and its like.
    fn method(&mut self, call: Node<'n>) -> Option<Altered> {
        let function = call.child_by_field_name("function")?;
        if function.kind() != "attribute" {
            return None;
        }
        let name = function.child_by_field_name("attribute")?;
        let arguments = arguments(call)?;
        let opposite = match text_of(name, self.text) {
            "assertEqual" | "assertEquals" => {
                return Some(self.equality(*arguments.first()?, *arguments.get(1)?));
            }
            "assertListEqual"
            | "assertTupleEqual"
            | "assertDictEqual"
            | "assertSetEqual"
            | "assertSequenceEqual"
            | "assertMultiLineEqual"
            | "assertCountEqual"
            | "assertAlmostEqual" => {
                let off = match text_of(name, self.text) {
                    "assertAlmostEqual" => literals::off_beyond(call, 2),
                    _ => Off::Some,
                };
                for side in [*arguments.get(1)?, *arguments.first()?] {
                    // The same letters in another order count as equal.
                    let counts_letters = matches!(side.kind(), "string" | "concatenated_string")
                        && text_of(name, self.text) == "assertCountEqual";
                    if counts_letters {
                        continue;
                    }
                    if let Some(edit) = literals::altered(side, self.text, off, self.random) {
                        return Some(self.literal(side, edit));
                    }
                }
                match text_of(name, self.text) {
                    "assertAlmostEqual" => "assertNotAlmostEqual",
                    // These take any iterable, and order or type does not count.
                    "assertCountEqual" | "assertSequenceEqual" => return None,
                    _ => "assertNotEqual",
                }
            }
            "assertNotEqual" | "assertNotEquals" => "assertEqual",
            "assertNotAlmostEqual" => "assertAlmostEqual",
            "assertTrue" => "assertFalse",
            "assertFalse" => "assertTrue",
            "assertIs" => "assertIsNot",
            "assertIsNot" => "assertIs",
            "assertIsNone" => "assertIsNotNone",
            "assertIsNotNone" => "assertIsNone",
            "assertIn" => "assertNotIn",
            "assertNotIn" => "assertIn",
            "assertIsInstance" => "assertNotIsInstance",
            "assertNotIsInstance" => "assertIsInstance",
            "assertGreater" => "assertLessEqual",
            "assertGreaterEqual" => "assertLess",
            "assertLess" => "assertGreaterEqual",
            "assertLessEqual" => "assertGreater",
            "assertRegex" => "assertNotRegex",
            "assertNotRegex" => "assertRegex",
            _ => return None,
        };
        Some(self.rewritten(name, opposite.to_owned()))
    }

    /// `pytest.raises(E)`, `self.assertRaises(E)` and their like: an exception of a class that
    /// nobody else has.
    fn raising(&mut self, call: Node<'n>) -> Option<Altered> {
        let base = match called(call, self.text)? {
            "raises" | "assertRaises" | "assertRaisesRegex" => "Exception",
            "warns" | "assertWarns" | "assertWarnsRegex" => "Warning",
            _ => return None,
        };
        let expected = *arguments(call)?.first()?;
        let own = text_of(expected, self.text);
        // These would end more than the test, were they not caught.
        let ends_all = [
            "KeyboardInterrupt",
            "SystemExit",
            "BaseException",
            "GeneratorExit",
            "Exit",
        ];
        if ends_all.iter().any(|name| own.contains(name)) {
            return None;
        }
        let (other, what) = match exceptions::other(own, self.random) {
            Some(other) => (other.to_owned(), other.to_owned()),
            None => {
                let name = self.random.class(base);
                let class = format!("type(\"{name}\", ({base},), {{}})");
                (class, "a class of its own".to_owned())
            }
        };
        Some(Altered {
            edits: vec![Edit::new(expected.byte_range(), other)],
            what: format!("expects {} changed to {what}", short(own)),
        })
    }

    fn with(&mut self, node: Node<'n>, helpers: bool, found: &mut Vec<Alteration>) {
        let items = all(node, |inside| inside.kind() == "with_item");
        let own = items
            .into_iter()
            .filter(|item| around(*item).find(|it| it.kind() == "with_statement") == Some(node));
        let calls: Vec<Node<'n>> = own
            .filter_map(|item| {
                let value = item.child_by_field_name("value")?;
                let value = if value.kind() == "as_pattern" {
                    value.named_child(0)?
                } else {
                    value
                };
                call_of(value)
            })
            .collect();
        let swallows = |call: &Node<'n>| {
            matches!(
                called(*call, self.text),
                Some("raises" | "assertRaises" | "assertRaisesRegex" | "suppress" | "RaisesGroup")
            )
        };
        let swallowed = calls.iter().any(swallows);
        for call in calls {
            if let Some(altered) = self.raising(call) {
                found.push(direct(altered));
                break;
            }
        }
        // An assertion that fails in there may be the exception that is wanted.
        if let Some(body) = node.child_by_field_name("body")
            && !swallowed
        {
            self.block(body, helpers, found);
        }
    }

    /// A call of a function of this file that asserts: the function is copied as well.
    fn helper(&mut self, call: Node<'n>) -> Option<Alteration> {
        let called = call.child_by_field_name("function")?;
        if called.kind() != "identifier" {
            return None;
        }
        let function = find(self.root, self.text, text_of(called, self.text))?;
        if function.kind() != "function_definition" || is_shadowed(called, self.text) {
            return None;
        }
        if let Some(altered) = self.argument(call, function) {
            return Some(direct(altered));
        }
        let place = place(function, self.text)?;
        let mut inside = Vec::new();
        let body = function.child_by_field_name("body")?;
        self.block(body, false, &mut inside);
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
        let parameters = named(function.child_by_field_name("parameters")?);
        let body = function.child_by_field_name("body")?;
        let given = arguments(call)?;
        for statement in named(body) {
            if statement.kind() == "assert_statement" {
                let comparison = statement.named_child(0)?;
                let operator = comparison.child_by_field_name("operators")?;
                if comparison.named_child_count() != 2 || text_of(operator, self.text) != "==" {
                    return None;
                }
                let sides = [comparison.named_child(1)?, comparison.named_child(0)?];
                return sides.into_iter().find_map(|side| {
                    let name = text_of(side, self.text);
                    let is_once = mentions(text_of(function, self.text), name) == 2;
                    let own = |one: &Node<'n>| text_of(*one, self.text) == name;
                    let place = parameters.iter().position(own).filter(|_| is_once)?;
                    let value = *given.get(place)?;
                    let edit = literals::altered(value, self.text, Off::Some, self.random)?;
                    Some(self.literal(value, edit))
                });
            }
            if may_leave(statement, self.text) {
                return None;
            }
        }
        None
    }

    /// Whether a `for` loop has a first turn, whatever the code under test does.
    fn surely_runs(&self, node: Node<'n>) -> bool {
        node.child_by_field_name("right")
            .is_some_and(|right| self.is_not_empty(right, 0))
    }

    fn is_not_empty(&self, node: Node<'n>, depth: usize) -> bool {
        match node.kind() {
            "list" | "tuple" | "set" | "dictionary" => named(node)
                .iter()
                .any(|it| !matches!(it.kind(), "comment" | "list_splat" | "dictionary_splat")),
            "string" => node.byte_range().len() > 2,
            // Named once in this file, with something in it.
            "identifier" if depth < 3 => self
                .assigned(node)
                .is_some_and(|value| self.is_not_empty(value, depth + 1)),
            "call" => self.call_is_not_empty(node, depth),
            _ => false,
        }
    }

    fn call_is_not_empty(&self, call: Node<'n>, depth: usize) -> bool {
        let Some(arguments) = arguments(call) else {
            return false;
        };
        let number = |at: usize| -> Option<i64> {
            text_of(*arguments.get(at)?, self.text)
                .replace('_', "")
                .parse()
                .ok()
        };
        match called(call, self.text) {
            Some("range") => match (number(0), number(1)) {
                (Some(end), None) if arguments.len() == 1 => end > 0,
                (Some(start), Some(end)) if arguments.len() == 2 => start < end,
                (Some(start), Some(end)) => match number(2) {
                    Some(step) => (step > 0 && start < end) || (step < 0 && start > end),
                    None => false,
                },
                _ => false,
            },
            Some("enumerate" | "sorted" | "reversed" | "list" | "tuple" | "zip") => {
                !arguments.is_empty()
                    && arguments.iter().all(|it| self.is_not_empty(*it, depth + 1))
            }
            Some("items" | "keys" | "values") => call
                .child_by_field_name("function")
                .and_then(|function| function.child_by_field_name("object"))
                .is_some_and(|object| self.is_not_empty(object, depth + 1)),
            _ => false,
        }
    }

    /// What a name stands for, if it is assigned once in the file and nowhere a parameter.
    fn assigned(&self, name: Node<'n>) -> Option<Node<'n>> {
        let wanted = text_of(name, self.text);
        let mut values = Vec::new();
        let mut others = 0;
        visit(self.root, &mut |node| {
            if node.kind() == "identifier" && text_of(node, self.text) == wanted {
                let parent = node.parent();
                match parent.map(|parent| parent.kind()) {
                    Some("assignment")
                        if parent.and_then(|it| it.child_by_field_name("left")) == Some(node) =>
                    {
                        values.extend(parent.and_then(|it| it.child_by_field_name("right")));
                    }
                    Some(
                        "parameters" | "default_parameter" | "typed_parameter" | "pattern_list"
                        | "for_statement" | "as_pattern_target",
                    ) if parent.and_then(|it| it.child_by_field_name("right")) != Some(node) => {
                        others += 1;
                    }
                    // `CASES.clear()`, `del CASES[0]`: whatever else is done to it.
                    Some("attribute" | "delete_statement" | "augmented_assignment") => {
                        let method = parent.and_then(|it| it.child_by_field_name("attribute"));
                        let reads = method.is_some_and(|method| {
                            matches!(text_of(method, self.text), "items" | "keys" | "values")
                        });
                        others += usize::from(!reads);
                    }
                    _ => {}
                }
            }
            true
        });
        match (&values[..], others) {
            ([value], 0) => Some(*value),
            _ => None,
        }
    }
}

fn direct(altered: Altered) -> Alteration {
    Alteration {
        edits: altered.edits,
        helper: None,
        what: altered.what,
    }
}

/// A call, also one that is awaited.
fn call_of(node: Node<'_>) -> Option<Node<'_>> {
    match node.kind() {
        "call" => Some(node),
        "await" => node.named_child(0).and_then(call_of),
        _ => None,
    }
}

/// Whether a name is a parameter or a local of the function around it.
fn is_shadowed(name: Node<'_>, text: &str) -> bool {
    let wanted = text_of(name, text);
    let Some(function) = around(name).find(|node| node.kind() == "function_definition") else {
        return false;
    };
    let own_name = function.child_by_field_name("name");
    let binds = |node: Node<'_>| {
        node.kind() == "identifier"
            && text_of(node, text) == wanted
            && Some(node) != own_name
            && node.parent().is_some_and(|parent| {
                let is_left = parent.child_by_field_name("left") == Some(node);
                let is_name = parent.child_by_field_name("name") == Some(node);
                is_left
                    || is_name
                    || matches!(
                        parent.kind(),
                        "parameters" | "typed_parameter" | "pattern_list" | "as_pattern_target"
                    )
            })
    };
    any(function, binds)
}

/// Whether a statement may leave the function or loop that it stands in, other than by an
/// exception that fails the test.
fn may_leave(statement: Node<'_>, text: &str) -> bool {
    let mut leaves = false;
    visit(statement, &mut |node| {
        match node.kind() {
            "return_statement" | "break_statement" | "continue_statement" => leaves = true,
            "call" => {
                leaves |= matches!(
                    called(node, text),
                    Some("skip" | "skipTest" | "xfail" | "importorskip" | "exit" | "_exit")
                );
            }
            _ => {}
        }
        !matches!(
            node.kind(),
            "function_definition" | "class_definition" | "lambda"
        )
    });
    leaves
}
