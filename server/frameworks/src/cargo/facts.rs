//! What one Rust file says, read from its text alone: its tests, its modules, its documentation
//! tests.
//!
//! One parse, one walk over the items. Function bodies are left out of both, except where
//! something in them is documented: libtest does not collect what stands in them. Half-typed code gives whatever can still be recognised.

use greenward_core::{Position, Range};
use tree_sitter::{Node, Parser};

use super::bodies;
use super::doctest::{self, Docs};
use super::included::{Included, included};

/// What one Rust file says, as far as tests are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Modules in other files, `mod x;`.
    pub(super) declared: Vec<DeclaredModule>,
    /// Modules in this file, `mod x { ... }`, outer before inner.
    pub(super) modules: Vec<InlineModule>,
    /// Test functions, in the order of the text.
    pub(super) tests: Vec<TestFn>,
    /// Documentation tests, in the order of the text.
    pub(super) docs: Vec<DocTest>,
    /// Files that it includes when it is compiled, in the order of the text.
    pub(super) included: Vec<Included>,
}

/// `mod x;`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeclaredModule {
    /// Its path inside the file, such as `a::x`.
    pub(super) path: String,
    /// The folders that the inline modules around it stand for, such as `a`; empty for none.
    pub(super) folder: String,
    /// What `#[path]` says, where there is one.
    pub(super) file: Option<String>,
    /// Whether it is there under `cfg(test)` only, where rustdoc does not see it.
    pub(super) tests_only: bool,
}

impl DeclaredModule {
    /// Its own name.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }
}

/// `mod x { ... }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InlineModule {
    /// Its path inside the file.
    pub(super) path: String,
    pub(super) range: Range,
    pub(super) name_range: Range,
}

/// A function that the test harness collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TestFn {
    /// Its path inside the file, such as `tests::four`.
    pub(super) path: String,
    pub(super) range: Range,
    pub(super) name_range: Range,
}

/// A code block in a documentation comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocTest {
    /// The item that it documents, as rustdoc names it inside the file: `inner::Point::x`, or
    /// nothing for the file itself.
    pub(super) item: String,
    /// From the opening fence to the closing one. rustdoc names the line of the opening fence.
    pub(super) range: Range,
}

impl FileFacts {
    /// All of a test by its path in the file, attributes included. It is the only one by that path.
    pub(super) fn range_of(&self, path: &str) -> Option<Range> {
        let mut tests = self.tests.iter().filter(|test| test.path == path);
        let test = tests.next()?;
        tests.next().is_none().then_some(test.range)
    }
}

/// Reads the facts of a Rust file.
#[must_use]
pub fn parse(text: &str) -> FileFacts {
    let mut parser = Parser::new();
    if parser
        .set_language(&tree_sitter_rust::LANGUAGE.into())
        .is_err()
    {
        return FileFacts::default();
    }
    if parser.set_included_ranges(&bodies::outside(text)).is_err() {
        return FileFacts::default();
    }
    let Some(tree) = parser.parse(text, None) else {
        return FileFacts::default();
    };
    let mut reader = Reader {
        text,
        facts: FileFacts {
            included: included(text),
            ..FileFacts::default()
        },
    };
    reader.items(tree.root_node(), &Scope::default());
    let mut facts = reader.facts;
    // What documents a file or module from inside is only known at its end.
    facts.docs.sort_by_key(|doc| doc.range.start);
    facts
}

/// Where the walk is.
#[derive(Default, Clone)]
struct Scope {
    /// The modules around, for tests.
    module: String,
    /// The items around, for documentation tests.
    item: String,
    /// The folders that the modules around stand for.
    folder: String,
    /// Whether the code is there under `cfg(test)` only, where rustdoc does not see it.
    tests_only: bool,
    /// Whether this is the body of a function, where rustdoc finds tests and libtest does not.
    in_body: bool,
}

/// What stands before an item: its attributes and its documentation.
#[derive(Default)]
struct Prefix {
    start: Option<Position>,
    is_test: bool,
    tests_only: bool,
    left_out: bool,
    path: Option<String>,
    docs: Docs,
}

struct Reader<'a> {
    text: &'a str,
    facts: FileFacts,
}

impl<'a> Reader<'a> {
    fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Walks over the items of a file, module, block of an `impl`, `trait` or `enum`.
    fn items(&mut self, parent: Node<'_>, scope: &Scope) {
        let mut cursor = parent.walk();
        let mut prefix = Prefix::default();
        let mut inner = Docs::default();
        for node in parent.named_children(&mut cursor) {
            match node.kind() {
                "line_comment" | "block_comment" => {
                    let text = self.text_of(node);
                    let row = node.start_position().row;
                    if inner.push_inner(text, row) {
                        continue;
                    }
                    if prefix.docs.push_outer(text, row) {
                        prefix.start.get_or_insert(position(node.start_position()));
                    }
                }
                "attribute_item" => self.attribute(node, &mut prefix),
                "inner_attribute_item" => {}
                _ => {
                    let prefix = std::mem::take(&mut prefix);
                    if !prefix.left_out {
                        self.item(node, prefix, scope);
                    }
                }
            }
        }
        self.docs(&inner, &scope.item, scope.tests_only);
    }

    fn attribute(&self, node: Node<'_>, prefix: &mut Prefix) {
        prefix.start.get_or_insert(position(node.start_position()));
        let Some(attribute) = node.named_child(0) else {
            return;
        };
        let Some(path) = attribute.named_child(0) else {
            return;
        };
        let text = self.text_of(attribute);
        match self.text_of(path).rsplit("::").next().unwrap_or_default() {
            "test" | "rstest" | "test_case" | "test_matrix" | "quickcheck" | "gtest" => {
                prefix.is_test = true;
            }
            "path" => {
                prefix.path = attribute
                    .child_by_field_name("value")
                    .map(|value| self.text_of(value).trim_matches('"').to_owned());
            }
            "cfg" => match without_spaces(text).as_str() {
                "cfg(test)" => prefix.tests_only = true,
                "cfg(not(test))" | "cfg(any())" | "cfg(false)" => prefix.left_out = true,
                _ => {}
            },
            _ => {}
        }
    }

    fn item(&mut self, node: Node<'_>, prefix: Prefix, scope: &Scope) {
        let tests_only = scope.tests_only || prefix.tests_only;
        match node.kind() {
            "mod_item" => self.module(node, &prefix, scope, tests_only),
            "function_item" | "function_signature_item" => {
                let Some(name) = node.child_by_field_name("name") else {
                    return;
                };
                if prefix.is_test && !scope.in_body {
                    self.test(name, range(prefix.start, node), scope);
                }
                let item = join(&scope.item, self.text_of(name));
                self.docs(&prefix.docs, &item, tests_only);
                if let Some(body) = node.child_by_field_name("body")
                    && !tests_only
                    && is_documented(self.text_of(body))
                {
                    let inside = Scope {
                        item,
                        in_body: true,
                        ..scope.clone()
                    };
                    self.items(body, &inside);
                }
            }
            "macro_invocation" | "expression_statement" if scope.in_body => {}
            "macro_invocation" => self.macro_call(node, scope),
            // A macro call that a semicolon ends.
            "expression_statement" => {
                if let Some(call) = node
                    .named_child(0)
                    .filter(|child| child.kind() == "macro_invocation")
                {
                    self.macro_call(call, scope);
                }
            }
            "ERROR" => self.items(node, scope),
            _ => self.documented(node, &prefix, scope, tests_only),
        }
    }

    fn test(&mut self, name: Node<'_>, range: Range, scope: &Scope) {
        self.facts.tests.push(TestFn {
            path: join(&scope.module, self.text_of(name)),
            range,
            name_range: node_range(name),
        });
    }

    fn module(&mut self, node: Node<'_>, prefix: &Prefix, scope: &Scope, tests_only: bool) {
        let Some(name_node) = node.child_by_field_name("name") else {
            return;
        };
        let name = self.text_of(name_node);
        let path = join(&scope.module, name);
        let item = join(&scope.item, name);
        self.docs(&prefix.docs, &item, tests_only);
        if scope.in_body {
            return;
        }
        let Some(body) = node.child_by_field_name("body") else {
            self.facts.declared.push(DeclaredModule {
                path,
                folder: scope.folder.clone(),
                file: prefix.path.clone(),
                tests_only,
            });
            return;
        };
        self.facts.modules.push(InlineModule {
            path: path.clone(),
            range: range(prefix.start, node),
            name_range: node_range(name_node),
        });
        let own_folder = prefix.path.as_deref().unwrap_or(name);
        let folder = if scope.folder.is_empty() {
            own_folder.to_owned()
        } else {
            format!("{}/{own_folder}", scope.folder)
        };
        self.items(
            body,
            &Scope {
                module: path,
                item,
                folder,
                tests_only,
                in_body: false,
            },
        );
    }

    /// Items that hold no tests but may be documented, and so may what is in them.
    fn documented(&mut self, node: Node<'_>, prefix: &Prefix, scope: &Scope, tests_only: bool) {
        let named = match node.kind() {
            "impl_item" => node.child_by_field_name("type"),
            "foreign_mod_item" => None,
            _ => node.child_by_field_name("name"),
        };
        let item = match named {
            Some(name) => join(&scope.item, &as_rustdoc_writes(self.text_of(name))),
            None => scope.item.clone(),
        };
        self.docs(&prefix.docs, &item, tests_only);
        if let Some(body) = node.child_by_field_name("body")
            && body.kind() != "block"
        {
            let inside = Scope {
                item,
                tests_only,
                ..scope.clone()
            };
            self.items(body, &inside);
        }
    }

    /// Finds the functions in the tokens of `proptest! { ... }` and its like: those after a
    /// `#[test]`, and in `quickcheck!` all.
    fn macro_call(&mut self, node: Node<'_>, scope: &Scope) {
        let (Some(name), Some(tokens)) = (
            node.child_by_field_name("macro"),
            node.named_children(&mut node.walk())
                .find(|child| child.kind() == "token_tree"),
        ) else {
            return;
        };
        let all_are_tests = self.text_of(name).ends_with("quickcheck");
        let mut cursor = tokens.walk();
        let mut start = None;
        let mut is_test = all_are_tests;
        let mut fn_seen = false;
        let mut open: Option<(Node<'_>, Position)> = None;
        for token in tokens.children(&mut cursor) {
            match token.kind() {
                // `#![...]` is the macro's own.
                "!" => start = None,
                "#" => {
                    start.get_or_insert(position(token.start_position()));
                }
                "fn" => fn_seen = true,
                "identifier" if fn_seen => {
                    fn_seen = false;
                    let start = start
                        .take()
                        .unwrap_or_else(|| position(token.start_position()));
                    if is_test {
                        open = Some((token, start));
                    }
                    is_test = all_are_tests;
                }
                "token_tree" => {
                    let text = self.text_of(token);
                    if text.starts_with('{') {
                        // The body ends the function.
                        if let Some((name, start)) = open.take() {
                            let end = position(token.end_position());
                            self.test(name, Range::new(start, end), scope);
                        }
                        start = None;
                    } else if is_test_attribute(text) {
                        is_test = true;
                    }
                }
                _ => {}
            }
        }
        // A function whose body is not typed yet.
        if let Some((name, start)) = open {
            let end = position(name.end_position());
            self.test(name, Range::new(start, end), scope);
        }
    }

    fn docs(&mut self, docs: &Docs, item: &str, tests_only: bool) {
        if tests_only || docs.is_empty() {
            return;
        }
        for range in doctest::blocks(docs) {
            self.facts.docs.push(DocTest {
                item: item.to_owned(),
                range,
            });
        }
    }
}

/// Whether a documentation comment may stand in this text.
fn is_documented(text: &str) -> bool {
    text.contains("///") || text.contains("/**")
}

/// Whether the tokens of an attribute, with their brackets, make a test of what follows.
fn is_test_attribute(text: &str) -> bool {
    let inside = text.trim_start_matches('[').trim_end_matches(']');
    let path = inside.split('(').next().unwrap_or_default();
    path.rsplit("::").next().map(str::trim) == Some("test")
}

/// A type as rustdoc names it: the compiler's own spelling, not the user's spaces.
fn as_rustdoc_writes(name: &str) -> String {
    if !name.contains(char::is_whitespace) && !name.contains(',') {
        return name.to_owned();
    }
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(", ", ",")
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn join(scope: &str, name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    if scope.is_empty() {
        name.to_owned()
    } else {
        format!("{scope}::{name}")
    }
}

fn range(start: Option<Position>, node: Node<'_>) -> Range {
    Range::new(
        start.unwrap_or_else(|| position(node.start_position())),
        position(node.end_position()),
    )
}

fn node_range(node: Node<'_>) -> Range {
    range(None, node)
}

fn position(point: tree_sitter::Point) -> Position {
    Position::new(
        u32::try_from(point.row).unwrap_or(u32::MAX),
        u32::try_from(point.column).unwrap_or(u32::MAX),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(text: &str) -> Vec<String> {
        parse(text)
            .tests
            .into_iter()
            .map(|test| test.path)
            .collect()
    }

    #[test]
    fn functions_that_the_harness_collects() {
        for (attributes, is_test) in [
            ("#[test]", true),
            ("#[test]\n#[ignore = \"slow\"]", true),
            ("#[test]\n#[should_panic(expected = \"x\")]", true),
            ("#[tokio::test(flavor = \"multi_thread\")]", true),
            ("#[async_std::test]", true),
            ("/// Says.\n#[rstest]\n#[case(1)]", true),
            ("#[test_case(1, 2)]", true),
            ("#[wasm_bindgen_test]", false),
            ("#[inline]", false),
            ("#[cfg(not(test))]\n#[test]", false),
            ("", false),
        ] {
            for head in [
                "fn f()",
                "pub async fn f() -> Result<(), ()>",
                "unsafe fn f()",
            ] {
                let found = tests(&format!("{attributes}\n{head} {{}}\n"));
                assert_eq!(
                    found.contains(&"f".to_owned()),
                    is_test,
                    "{attributes} {head}"
                );
            }
        }
    }

    #[test]
    fn a_test_reaches_from_its_attributes_to_its_end() {
        let facts = parse("use x;\n\n/// Four.\n#[test]\nfn four() {\n    é();\n}\n");
        let test = &facts.tests[0];
        assert_eq!(
            test.range,
            Range::new(Position::new(2, 0), Position::new(6, 1))
        );
        assert_eq!(
            test.name_range,
            Range::new(Position::new(4, 3), Position::new(4, 7))
        );
    }

    #[test]
    fn modules_inside_and_outside() {
        let facts = parse(
            "mod a;\n#[path = \"odd.rs\"]\nmod b;\nmod tests {\n mod deep {\n  #[test] fn t() {}\n  mod c;\n }\n #[path=\"p\"] mod q { mod r; }\n}\n",
        );
        let declared: Vec<(&str, &str, Option<&str>)> = facts
            .declared
            .iter()
            .map(|m| (m.path.as_str(), m.folder.as_str(), m.file.as_deref()))
            .collect();
        assert_eq!(
            declared,
            [
                ("a", "", None),
                ("b", "", Some("odd.rs")),
                ("tests::deep::c", "tests/deep", None),
                ("tests::q::r", "tests/p", None),
            ]
        );
        assert_eq!(facts.tests[0].path, "tests::deep::t");
        let inline: Vec<&str> = facts.modules.iter().map(|m| m.path.as_str()).collect();
        assert_eq!(inline, ["tests", "tests::deep", "tests::q"]);
    }

    #[test]
    fn tests_inside_macro_calls() {
        let text = "proptest! {\n    #![proptest_config(x())]\n    /// Doc.\n    #[test]\n    fn a(x in 0..9) { fn no() {} }\n    fn helper() {}\n    #[test]\n    fn b(y in 0..9) {}\n}\nquickcheck! {\n    fn c(xs: Vec<u8>) -> bool { true }\n}\nmacro_rules! m { () => { #[test] fn d() {} } }\n";
        assert_eq!(tests(text), ["a", "b", "c"]);
        let a = &parse(text).tests[0];
        assert_eq!((a.range.start.line, a.range.end.line), (3, 4));
    }

    #[test]
    fn half_typed_code_gives_what_can_be_recognised() {
        for text in [
            "#[test]\nfn a() {}\n\n#[test]\nfn b() { let x = \n\n#[test]\nfn c() {}\n",
            "#[test]\nfn a() {}\nfn (\n#[test]\nfn c() {}\n",
            "#[test]\nfn a() { foo(; }\nimpl X { \n",
            "mod tests {\n#[test]\nfn a() {}\n",
            "#[test]\nfn a() {}\n#[te",
        ] {
            let found = tests(text);
            assert!(
                found.iter().any(|path| path.ends_with('a')),
                "{found:?} of {text}"
            );
        }
        assert_eq!(parse(""), FileFacts::default());
        assert_eq!(tests("\u{feff}#[test] fn x() {}\n\0\0 \""), ["x"]);
    }

    #[test]
    fn documentation_tests_are_named_as_rustdoc_names_them() {
        let text = include_str!("recordings/doc.rs");
        let found: Vec<String> = parse(text)
            .docs
            .iter()
            .map(|doc| format!("{} (line {})", doc.item, doc.range.start.line + 1))
            .collect();
        let mut expected: Vec<String> = include_str!("recordings/doc.list")
            .lines()
            .filter_map(|line| line.strip_prefix("src/lib.rs - ")?.strip_suffix(": test"))
            .map(|name| {
                if name.starts_with('(') {
                    format!(" {name}")
                } else {
                    name.to_owned()
                }
            })
            .collect();
        let line = |name: &String| -> u32 {
            let digits: String = name
                .rsplit("(line ")
                .next()
                .unwrap()
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            digits.parse().unwrap()
        };
        expected.sort_by_key(line);
        assert_eq!(found, expected);
    }
}
