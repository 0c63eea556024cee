//! What tests of cycles share: a repository around the workspace, a worker, and what is said.

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use crate::{Finished, World};

/// A small pytest project for a cycle: `test_four` fails until four is told apart, and `test_three`
/// passes.
pub const ROMAN: &str = r#"
//- pytest.ini
[pytest]
//- roman.py
def roman(number):
    return "I" * number
//- test_roman.py
from roman import roman


def test_three():
    assert roman(3) == "III"


def test_four():
    assert roman(4) == "IV"
"#;

impl World {
    /// Runs `git` in the workspace as somebody: what it says.
    ///
    /// # Panics
    ///
    /// If it fails.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        let mut all = vec!["-c", "user.name=one", "-c", "user.email=one@example.org"];
        all.extend(args);
        let done = self.tool("git", &all);
        assert_eq!(done.code, Some(0), "git {args:?}: {}", done.stderr);
        done.stdout
    }

    /// Makes the workspace a repository whose one commit has all of it.
    pub fn commit_all(&self) {
        self.git(&["init", "--quiet", "--initial-branch", "main"]);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all"]);
    }

    /// Makes this the user's settings: the one worker, and how cycles go.
    pub fn hire(&self, worker: &str, cycle: &str) {
        let text = format!("[workers.one]\n{worker}\n[cycle]\n{cycle}\n");
        self.write("../home/config/greenward/config.toml", text);
    }

    /// Hires a recording: a reply for each attempt.
    pub fn replay(&self, cycle: &str, replies: impl IntoIterator<Item = Value>) {
        let mut recording = String::new();
        for (attempt, mut entry) in (1..).zip(replies) {
            if entry["phase"].is_null() {
                entry["phase"] = "green".into();
            }
            entry["attempt"] = json!(attempt);
            recording += &format!("{entry}\n");
        }
        self.write("../recording.jsonl", recording);
        let path = self.path("../recording.jsonl");
        self.hire(&format!("kind = \"replay\"\nrecording = '{path}'\n"), cycle);
    }

    /// Hires a program: a shell script, which runs in its lane. It finds the user's workspace as
    /// `$USERS`, and may write in [`signals`](Self::signals), which it finds as `$SIGNALS`.
    pub fn script(&self, cycle: &str, script: &str) {
        let worker = self.program(script);
        self.hire(&worker, cycle);
    }

    /// The settings of a worker that is a shell script.
    pub fn program(&self, script: &str) -> String {
        let (users, signals) = (self.workspace(), self.signals());
        let head = format!("USERS='{users}'\nSIGNALS='{signals}'\n");
        self.write("../worker.sh", format!("{head}{script}\n"));
        self.write("../signals/.keep", "");
        let script = self.path("../worker.sh");
        format!("kind = \"command\"\nargv = [\"sh\", '{script}']\nwritable = ['{signals}']\n")
    }

    /// A folder in which a worker that is a program and the test tell each other where they are.
    #[must_use]
    pub fn signals(&self) -> Utf8PathBuf {
        self.path("../signals")
    }
}

impl Finished {
    /// Holds it to an exit code and to what it must have said.
    ///
    /// # Panics
    ///
    /// If it ended otherwise or a part was not said.
    #[track_caller]
    pub fn check(&self, code: i32, said: &[&str]) {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{all}");
        for part in said {
            assert!(all.contains(part), "{part:?} is not in\n{all}");
        }
    }
}

/// The objects among the lines of a text, a JSON object each.
#[must_use]
pub fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.filter_map(Result::ok).collect()
}
