//! What in a Rust source file makes code other under test, or makes tests other than they read.

use tree_sitter::Node;

use super::regions::{asks_for_test, regions};
use super::tree::{attribute_name, attribute_text};
use crate::verify::Mark;
use crate::verify::syntax::{all, lines, named, short, text_of, visit};

/// The marks of a file, those in its tests apart.
pub(super) fn marks(root: Node<'_>, text: &str) -> Vec<Mark> {
    let tests = regions(root, text);
    let mut reader = Reader {
        text,
        found: Vec::new(),
    };
    visit(root, &mut |node| {
        let is_in_tests = tests.iter().any(|region| {
            region.range.start <= node.start_byte() && node.end_byte() <= region.range.end
        });
        if !is_in_tests || node.kind() == "source_file" {
            reader.node(node);
        }
        !is_in_tests || node.kind() == "source_file"
    });
    reader.found
}

struct Reader<'a> {
    text: &'a str,
    found: Vec<Mark>,
}

impl Reader<'_> {
    fn node(&mut self, node: Node<'_>) {
        match node.kind() {
            "attribute_item" => self.attribute(node),
            "inner_attribute_item" => self.inner_attribute(node),
            "identifier" => self.call(node),
            "token_tree" => self.hidden_attribute(node),
            "macro_definition" => {
                if let Some(name) = node.child_by_field_name("name")
                    && is_assertion(text_of(name, self.text))
                {
                    self.shadows(node, text_of(name, self.text));
                }
            }
            "use_declaration" => self.import(node),
            "function_item" => self.function(node),
            _ => {}
        }
    }

    fn breach(&mut self, node: Node<'_>, what: String) {
        self.found.push(Mark::breach(lines(node), what));
    }

    fn warning(&mut self, node: Node<'_>, what: String) {
        self.found.push(Mark::warning(lines(node), what));
    }

    fn shadows(&mut self, node: Node<'_>, name: &str) {
        self.breach(
            node,
            format!("another {name}! takes the place of the standard one"),
        );
    }

    fn attribute(&mut self, node: Node<'_>) {
        let own = attribute_text(node, self.text);
        let shown = short(&own);
        match attribute_name(node, self.text).as_str() {
            "cfg" if asks_for_test(&own) => {
                self.breach(node, format!("code is other under test: #[{shown}]"));
            }
            "cfg_attr" if asks_for_test(&own) => {
                let what = format!("code is other under test: #[{shown}]");
                // What only adds abilities does not change what the code does.
                if own.contains("derive(") || own.contains("allow(") || own.contains("expect(") {
                    self.warning(node, what);
                } else {
                    self.breach(node, what);
                }
            }
            "panic_handler" => self.breach(node, format!("panics are handled: #[{shown}]")),
            "link_section" | "unsafe" if runs_before_main(&own) => {
                self.breach(node, format!("code runs before any test: #[{shown}]"));
            }
            "ctor" | "dtor" | "link_section" | "no_mangle" | "export_name" | "global_allocator" => {
                self.warning(node, format!("reaches beyond its module: #[{shown}]"));
            }
            "unsafe" => self.warning(node, format!("reaches beyond its module: #[{shown}]")),
            "path" if own.contains("test") => {
                self.breach(node, format!("takes tests for code: #[{shown}]"));
            }
            "path" => self.warning(node, format!("takes code from elsewhere: #[{shown}]")),
            _ => {}
        }
    }

    fn inner_attribute(&mut self, node: Node<'_>) {
        let own = attribute_text(node, self.text);
        let shown = short(&own);
        match attribute_name(node, self.text).as_str() {
            "cfg"
            | "feature"
            | "no_main"
            | "no_implicit_prelude"
            | "no_core"
            | "test_runner"
            | "reexport_test_harness_main" => {
                self.breach(
                    node,
                    format!("how everything is built changed: #![{shown}]"),
                );
            }
            "cfg_attr" | "no_std" | "crate_type" | "crate_name" => {
                self.warning(
                    node,
                    format!("how everything is built changed: #![{shown}]"),
                );
            }
            _ => {}
        }
    }

    /// `cfg!(test)`, `include_str!("../tests/x.rs")`, in the tokens of other macros too.
    fn call(&mut self, name: Node<'_>) {
        let bang = name.next_sibling().filter(|node| node.kind() == "!");
        let Some(tokens) = bang
            .and_then(|bang| bang.next_sibling())
            .filter(|node| node.kind() == "token_tree")
        else {
            return;
        };
        let inside = text_of(tokens, self.text);
        let own = text_of(name, self.text);
        match own {
            "cfg" if asks_for_test(inside) => {
                self.breach(name, "code is other under test: cfg!(test)".to_owned());
            }
            "include" | "include_str" | "include_bytes" if inside.contains("test") => {
                let what = format!("reads tests: {own}!{}", short(inside));
                self.breach(name, what);
            }
            "include" => {
                let what = format!("takes code from elsewhere: include!{}", short(inside));
                self.warning(name, what);
            }
            _ => {}
        }
    }

    /// `#[cfg(test)]` in the tokens of a macro.
    fn hidden_attribute(&mut self, tokens: Node<'_>) {
        let own = text_of(tokens, self.text);
        let is_attribute = tokens.prev_sibling().is_some_and(|node| node.kind() == "#");
        if is_attribute
            && own.trim_start_matches(['[', ' ']).starts_with("cfg")
            && asks_for_test(own)
        {
            self.breach(tokens, format!("code is other under test: #{}", short(own)));
        }
    }

    fn import(&mut self, node: Node<'_>) {
        for alias in all(node, |node| node.kind() == "use_as_clause") {
            if let Some(name) = alias.child_by_field_name("alias") {
                let own = text_of(name, self.text);
                if is_assertion(own) || own == "test" {
                    self.shadows(node, own);
                }
            }
        }
        let taken = |node: Node<'_>| {
            node.kind() == "identifier"
                && is_assertion(text_of(node, self.text))
                && text_of(node, self.text) != "panic"
                && node
                    .parent()
                    .is_none_or(|parent| parent.kind() != "use_as_clause")
        };
        for name in all(node, taken) {
            self.shadows(node, text_of(name, self.text));
        }
    }

    /// An equality that holds for everything.
    fn function(&mut self, node: Node<'_>) {
        let is_eq = node
            .child_by_field_name("name")
            .is_some_and(|name| matches!(text_of(name, self.text), "eq" | "ne"));
        let Some(body) = node.child_by_field_name("body").filter(|_| is_eq) else {
            return;
        };
        let inside = named(body);
        if let [only] = inside[..]
            && only.kind() == "boolean_literal"
        {
            self.warning(node, "an equality that looks at nothing".to_owned());
        }
    }
}

/// The macros by which tests say what they expect.
fn is_assertion(name: &str) -> bool {
    matches!(
        name,
        "assert"
            | "assert_eq"
            | "assert_ne"
            | "debug_assert"
            | "debug_assert_eq"
            | "debug_assert_ne"
            | "matches"
            | "panic"
            | "prop_assert"
            | "prop_assert_eq"
    )
}

fn runs_before_main(attribute: &str) -> bool {
    [
        ".init_array",
        ".ctors",
        "mod_init_func",
        ".CRT$",
        ".preinit_array",
        ".fini_array",
    ]
    .iter()
    .any(|section| attribute.contains(section))
}
