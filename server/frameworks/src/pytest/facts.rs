//! What one Python file says: its functions and classes, and what it imports.
//!
//! Facts depend on the text alone. Which functions are tests depends on the project's options too,
//! so the facts keep every candidate; [`super::items`] chooses among them.

use std::sync::Arc;

use greenward_core::{Position, Range};

use super::lines::{LogicalLine, LogicalLines, split_outside};
use super::unseen;

/// What a Python file says, as far as tests are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileFacts {
    /// Functions and classes at module level, also those under an `if`, `try` or `with`.
    pub definitions: Vec<Definition>,
    /// Everything it imports, wherever the statement stands.
    pub imports: Arc<[Import]>,
    /// Whether it may run code that its imports do not show.
    pub runs_unseen: bool,
    /// The ends of the names of documents that its strings mention: `README.md`, `.rst`.
    pub documents: Arc<[String]>,
}

/// A function or class that may be collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// All of its text, decorators included.
    pub range: Range,
    /// Its name.
    pub name_range: Range,
    /// Nothing for a function.
    pub class: Option<Class>,
}

/// What only a class has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Class {
    /// The last part of each base's name: `TestCase` for `unittest.TestCase`.
    pub bases: Vec<String>,
    /// Whether it has an `__init__` or `__new__` of its own, which keeps pytest from collecting it.
    pub has_constructor: bool,
    /// What it says in `__test__`, where it says so in plain words.
    pub test_flag: Option<bool>,
    /// Its methods and inner classes.
    pub members: Vec<Definition>,
}

/// One module that a file imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The number of leading dots: 0 for an absolute import.
    pub level: usize,
    /// The module after the dots; empty in `from . import x`.
    pub module: String,
    /// What is taken from it: each may be a submodule.
    pub names: Vec<String>,
}

/// Reads the facts of a Python file. Of broken code it gives what can still be recognised.
#[must_use]
pub fn parse(text: &str) -> FileFacts {
    let mut reader = Reader::default();
    for line in LogicalLines::new(text) {
        reader.line(&line);
        reader.end = line.end;
    }
    while let Some(block) = reader.open.pop() {
        reader.close(block);
    }
    FileFacts {
        definitions: reader.module.members,
        imports: reader.imports.into(),
        runs_unseen: unseen::runs_code(text),
        documents: unseen::documents(text).into(),
    }
}

/// A block whose end has not been seen.
struct Block {
    /// The indentation of its header: whatever is indented more belongs to it.
    indent: usize,
    kind: BlockKind,
}

enum BlockKind {
    /// A class, or a function that may be collected.
    Collected(Definition),
    /// A function or class inside a function, or a fixture: nothing in it is collected.
    Hidden,
    /// `if`, `try`, `with` and the like: as if it were not there.
    Transparent,
}

/// The decorators that wait for their function or class.
struct Decorators {
    start: Position,
    fixture: bool,
}

#[derive(Default)]
struct Reader {
    module: Class,
    imports: Vec<Import>,
    /// The open blocks, outermost first.
    open: Vec<Block>,
    decorators: Option<Decorators>,
    /// Where the last line of code ended.
    end: Position,
}

impl Reader {
    fn line(&mut self, line: &LogicalLine<'_>) {
        while let Some(block) = self.open.pop_if(|block| block.indent >= line.indent) {
            self.close(block);
        }
        let code = line.code;
        if let Some(decorator) = code.strip_prefix('@') {
            let decorators = self.decorators.get_or_insert(Decorators {
                start: line.start,
                fixture: false,
            });
            decorators.fixture |= is_fixture(decorator);
            return;
        }
        let decorators = self.decorators.take();
        match first_word(code) {
            "import" | "from" => self.simple(code),
            "def" => self.definition(line, code, decorators),
            "async" => self.asynchronous(line, decorators),
            "class" => self.definition(line, code, decorators),
            "if" | "elif" | "else" | "try" | "except" | "finally" | "with" | "for" | "while"
            | "match" | "case" => self.transparent(line),
            _ => self.simple(code),
        }
        self.calls(code);
    }

    fn asynchronous(&mut self, line: &LogicalLine<'_>, decorators: Option<Decorators>) {
        let rest = line.code["async".len()..].trim_start();
        if first_word(rest) == "def" {
            self.definition(line, rest, decorators);
        } else {
            self.transparent(line);
        }
    }

    fn transparent(&mut self, line: &LogicalLine<'_>) {
        self.open.push(Block {
            indent: line.indent,
            kind: BlockKind::Transparent,
        });
        self.body_beside(line.code);
    }

    /// `header` is the line from its `def` or `class` on.
    fn definition(&mut self, line: &LogicalLine<'_>, header: &str, decorators: Option<Decorators>) {
        let keyword = first_word(header);
        let rest = header[keyword.len()..].trim_start();
        let name: &str = first_word(rest);
        let after = &rest[name.len()..];
        let is_class = keyword == "class";
        let fixture = decorators.as_ref().is_some_and(|d| d.fixture);
        let hidden = name.is_empty() || fixture || self.in_function();
        let kind = if hidden {
            BlockKind::Hidden
        } else {
            let column = line.start.column + clamped(line.code.len() - rest.len());
            let at = |column| Position::new(line.start.line, column);
            BlockKind::Collected(Definition {
                name: name.to_owned(),
                range: Range::new(decorators.map_or(line.start, |d| d.start), line.end),
                name_range: Range::new(at(column), at(column + clamped(name.len()))),
                class: is_class.then(|| Class {
                    bases: bases(after),
                    ..Class::default()
                }),
            })
        };
        self.open.push(Block {
            indent: line.indent,
            kind,
        });
        self.body_beside(header);
    }

    /// Whether the innermost block that is not transparent is, or is in, a function.
    fn in_function(&self) -> bool {
        self.open.iter().any(|block| match &block.kind {
            BlockKind::Collected(definition) => definition.class.is_none(),
            BlockKind::Hidden => true,
            BlockKind::Transparent => false,
        })
    }

    /// Takes the statements that stand behind the colon of a header: `try: import json`.
    fn body_beside(&mut self, header: &str) {
        if header.ends_with(':') {
            return;
        }
        let header_end = split_outside(header, b':')
            .first()
            .map_or(0, |head| head.len());
        if let Some(body) = header.get(header_end + 1..) {
            self.simple(body);
        }
    }

    /// Takes statements that are no header.
    fn simple(&mut self, code: &str) {
        match first_word(code.trim_start()) {
            "import" | "from" => {
                for statement in split_outside(code, b';') {
                    self.import(statement.trim());
                }
            }
            "__test__" => self.test_flag(code),
            "pytest_plugins" => self.import_literals(code),
            _ => {}
        }
    }

    fn import(&mut self, statement: &str) {
        let keyword = first_word(statement);
        let rest = &statement[keyword.len()..];
        match keyword {
            "import" => self.imports.extend(imported(rest).map(|module| Import {
                level: 0,
                module,
                names: Vec::new(),
            })),
            "from" => {
                let (from, names) = split_at_word(rest, "import");
                let from = compact(from);
                let module = from.trim_start_matches('.');
                self.imports.push(Import {
                    level: from.len() - module.len(),
                    module: module.to_owned(),
                    names: imported(names).collect(),
                });
            }
            _ => {}
        }
    }

    fn test_flag(&mut self, code: &str) {
        let flag = match code.rsplit('=').next().map(str::trim) {
            Some("True") => true,
            Some("False") => false,
            _ => return,
        };
        let innermost = self
            .open
            .iter_mut()
            .rev()
            .find_map(|block| match &mut block.kind {
                BlockKind::Collected(definition) => Some(definition.class.as_mut()),
                BlockKind::Hidden => Some(None),
                BlockKind::Transparent => None,
            });
        if let Some(Some(class)) = innermost {
            class.test_flag = Some(flag);
        }
    }

    /// Takes calls that import by a literal name, wherever they stand in a line.
    fn calls(&mut self, code: &str) {
        for function in ["import_module(", "__import__("] {
            let mut rest = code;
            while let Some(found) = rest.find(function) {
                rest = &rest[found + function.len()..];
                let arguments = split_outside(rest, b',');
                self.import_literals(arguments.first().copied().unwrap_or_default());
            }
        }
    }

    /// Takes every string literal in `code` that can be a module's name.
    fn import_literals(&mut self, code: &str) {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        for quoted in code.split(['"', '\'']).skip(1).step_by(2) {
            let module = quoted.trim_start_matches('.');
            if !module.is_empty() && module.chars().all(is_name) {
                self.imports.push(Import {
                    level: quoted.len() - module.len(),
                    module: module.to_owned(),
                    names: Vec::new(),
                });
            }
        }
    }

    /// Puts what a block defined where it belongs.
    fn close(&mut self, block: Block) {
        let BlockKind::Collected(mut definition) = block.kind else {
            return;
        };
        definition.range.end = self.end;
        let classes = self
            .open
            .iter_mut()
            .rev()
            .filter_map(|block| match &mut block.kind {
                BlockKind::Collected(outer) => outer.class.as_mut(),
                _ => None,
            });
        let scope = classes.into_iter().next().unwrap_or(&mut self.module);
        scope.has_constructor |= matches!(definition.name.as_str(), "__init__" | "__new__");
        scope.members.push(definition);
    }
}

/// The word that a statement begins with; empty if it begins with something else.
fn first_word(code: &str) -> &str {
    let end = code.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    &code[..end.unwrap_or(code.len())]
}

/// What stands before and after `word`, which must stand alone.
fn split_at_word<'c>(code: &'c str, word: &str) -> (&'c str, &'c str) {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| (&code[..at], &code[at + word.len()..]))
        .find(|(before, after)| !before.ends_with(is_part) && !after.starts_with(is_part))
        .unwrap_or((code, ""))
}

/// The names in a list of imports, each without its `as` and without brackets and comments.
fn imported(list: &str) -> impl Iterator<Item = String> {
    let mut plain = String::with_capacity(list.len());
    for line in list.lines() {
        plain.push_str(line.split('#').next().unwrap_or_default());
        plain.push(' ');
    }
    plain.retain(|c| !matches!(c, '(' | ')' | '\\'));
    let names: Vec<String> = plain
        .split(',')
        .map(|name| compact(split_at_word(name, "as").0))
        .filter(|name| !name.is_empty() && name != "*")
        .collect();
    names.into_iter()
}

fn compact(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace() && *c != '\\')
        .collect()
}

/// The bases in what follows a class's name: `(Base, unittest.TestCase, metaclass=Meta):`.
fn bases(after_name: &str) -> Vec<String> {
    // Type parameters may stand before the bases.
    let Some(open) = after_name
        .find(['(', ':'])
        .filter(|at| after_name[*at..].starts_with('('))
    else {
        return Vec::new();
    };
    let list = &after_name[open + 1..];
    let list = list.rfind(')').map_or(list, |close| &list[..close]);
    split_outside(list, b',')
        .into_iter()
        .map(|base| base.split(['[', '(']).next().unwrap_or(base).trim())
        .filter(|base| !base.is_empty() && !base.contains('='))
        .map(|base| base.rsplit('.').next().unwrap_or(base).trim().to_owned())
        .collect()
}

/// Whether a decorator makes a fixture: `pytest.fixture`, `fixture(scope="module")`,
/// `pytest_asyncio.fixture`.
fn is_fixture(decorator: &str) -> bool {
    let name = decorator.split('(').next().unwrap_or_default();
    name.trim().rsplit('.').next() == Some("fixture")
}

fn clamped(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Definitions as an indented outline: name, first and last line, class facts.
    fn outline(definitions: &[Definition], depth: usize, out: &mut String) {
        for definition in definitions {
            let lines = (definition.range.start.line, definition.range.end.line);
            out.push_str(&"  ".repeat(depth));
            out.push_str(&format!("{} {}-{}", definition.name, lines.0, lines.1));
            if let Some(class) = &definition.class {
                out.push_str(&format!(" ({})", class.bases.join(" ")));
                if class.has_constructor {
                    out.push_str(" constructor");
                }
                if let Some(flag) = class.test_flag {
                    out.push_str(&format!(" {flag}"));
                }
            }
            out.push('\n');
            outline(
                definition.class.as_ref().map_or(&[], |c| &c.members),
                depth + 1,
                out,
            );
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut actual = String::new();
        outline(&parse(text).definitions, 0, &mut actual);
        assert_eq!(actual.trim_end(), expected.trim_end(), "of\n{text}");
    }

    #[track_caller]
    fn check_imports(text: &str, expected: &[&str]) {
        let imports = parse(text).imports;
        let shown: Vec<_> = imports
            .iter()
            .map(|i| {
                let dots = ".".repeat(i.level);
                format!("{dots}{}: {}", i.module, i.names.join(" "))
                    .trim_end_matches([':', ' '])
                    .to_owned()
            })
            .collect();
        assert_eq!(shown, expected, "of\n{text}");
    }

    #[test]
    fn functions_and_classes() {
        check(
            "def test_a():\n    pass\n\n\nasync def test_b(): pass\n",
            "test_a 0-1\ntest_b 4-4",
        );
        check(
            "class TestX(Base, metaclass=M):\n    x = 1\n    def test_y(self):\n        return 1\n    class TestZ:\n        def test_w(self): ...\n",
            "TestX 0-5 (Base)\n  test_y 2-3\n  TestZ 4-5 ()\n    test_w 5-5",
        );
        check("class A(unittest.TestCase): pass", "A 0-0 (TestCase)");
        check(
            "class A[T](Base[T], x.Mixin(1)): pass",
            "A 0-0 (Base Mixin)",
        );
        check("class A: x: dict = f(1)", "A 0-0 ()");
        check(
            "class A:\n  def __init__(self): pass\n",
            "A 0-1 () constructor\n  __init__ 1-1",
        );
        check(
            "class A:\n  __test__ = False\nclass B:\n  if x:\n    __test__ = True",
            "A 0-1 () false\nB 2-4 () true",
        );
    }

    #[test]
    fn decorators_belong_to_the_range_and_fixtures_are_no_candidates() {
        check(
            "@pytest.mark.parametrize('a', [\n  1,\n])\ndef test_a(a):\n    pass",
            "test_a 0-4",
        );
        check(
            "@pytest.fixture\ndef test_data():\n    def test_x(): pass\n",
            "",
        );
        check(
            "@pytest.fixture(scope='module')\nclass TestA: pass\ndef test_b(): pass",
            "test_b 2-2",
        );
    }

    #[test]
    fn conditions_are_seen_through_and_functions_are_not() {
        check(
            "if a:\n    def test_a(): pass\nelse:\n    def test_b(): pass\ntry:\n    import x\nexcept E:\n    class TestC:\n        def test_d(self): pass\n",
            "test_a 1-1\ntest_b 3-3\nTestC 7-8 ()\n  test_d 8-8",
        );
        check(
            "def f():\n    def test_inner(): pass\n    class TestInner: pass",
            "f 0-2",
        );
        check(
            "s = '''\ndef test_no(): pass\n'''\n# def test_no(): pass",
            "",
        );
    }

    #[test]
    fn names_have_their_place() {
        let facts = parse("class TestÄ:\n    async  def test_é(self): pass");
        let test = &facts.definitions[0].class.as_ref().unwrap().members[0];
        assert_eq!(test.name, "test_é");
        assert_eq!(
            (test.name_range.start, test.name_range.end),
            (Position::new(1, 15), Position::new(1, 22))
        );
    }

    #[test]
    fn broken_code_keeps_what_can_be_recognised() {
        check(
            "def test_a(:\n    x = (1,\n\ndef test_b():\n    pass\nclass\nclass TestC(",
            "test_a 0-1\ntest_b 3-4\nTestC 6-6 ()",
        );
        check("def", "");
        check("@\n@pytest.\nasync\ndef test_a", "test_a 3-3");
    }

    #[test]
    fn imports_of_every_shape() {
        check_imports(
            "import a, b.c as d\nimport e; import f",
            &["a", "b.c", "e", "f"],
        );
        check_imports(
            "from a.b import (\n  c as x, # no, d\n  e,\n)",
            &["a.b: c e"],
        );
        check_imports(
            "from . import a\nfrom ..b.c import *\nfrom .importer import y",
            &[".: a", "..b.c", ".importer: y"],
        );
        check_imports("from a \\\n  import b", &["a: b"]);
        check_imports(
            "def f():\n    import a\ntry: import b\nexcept E: from c import d",
            &["a", "b", "c: d"],
        );
        check_imports("pytest_plugins = ['a.b', \"c\"]", &["a.b", "c"]);
        check_imports(
            "x = importlib.import_module('a.b'), __import__(\"c\")\nimport_module(f'{a}')",
            &["a.b", "c"],
        );
        check_imports("import_module('.x', package=__name__)", &[".x"]);
        check_imports("important = 1\nfrom_x = 2\n'import z'", &[]);
    }
}
