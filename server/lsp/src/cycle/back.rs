//! Back to the last green: the files of a project as they were when all its tests passed.

use camino::Utf8PathBuf;
use greenward_engine::{Application, CycleCommand, CycleRefusal};
use tower_lsp::lsp_types::MessageType;

use super::apply::{NotApplied, unsaved};
use super::words;
use crate::session::Session;

const BRING_BACK: &str = "Bring back";

impl Session {
    /// Asks, and brings the files of a project back to the last green: the project of a file, or
    /// the only one.
    pub(crate) async fn back_to_green(&self, file: Option<Utf8PathBuf>) {
        let Some(found) = self.last_green(file.clone()).await else {
            return;
        };
        if found.files.is_empty() {
            let said = "Nothing has changed since all tests passed the last time";
            return self.show(MessageType::INFO, said);
        }
        if !self.abilities.edit.apply {
            let said = "The editor takes no edits, so nothing is brought back. The checkpoints are \
                        under refs/greenward/checkpoints";
            return self.show(MessageType::WARNING, said);
        }
        let asked = question(&found);
        let answer = self.question(MessageType::WARNING, asked, &[BRING_BACK]);
        if answer.await.is_none() {
            return;
        }
        // The user may have gone on writing while they were asked.
        let Some(found) = self.last_green(file).await else {
            return;
        };
        let label = "Greenward: back to the last green".to_owned();
        match self.edit(label, &found, false).await {
            Ok(()) => {
                let not_saved = words::not_saved(&unsaved(&found).await);
                let said = "Back at the last green. What you had is kept under \
                            refs/greenward/before-back";
                self.show(MessageType::INFO, format!("{said}{not_saved}"));
            }
            Err(NotApplied::NoText(file)) => self.show(
                MessageType::WARNING,
                format!("Nothing is brought back: {file} is no text that an editor could edit"),
            ),
            Err(NotApplied::Editor(why)) => {
                self.show(
                    MessageType::WARNING,
                    format!("Nothing is brought back: {why}"),
                );
            }
            Err(NotApplied::Refused(refusal)) => self.refused(&refusal),
            Err(NotApplied::Ended) => {}
        }
    }

    async fn last_green(&self, file: Option<Utf8PathBuf>) -> Option<Application> {
        let found: Result<Result<Application, CycleRefusal>, _> = self
            .ask_cycles(|reply| CycleCommand::BackToGreen { file, reply })
            .await;
        match found {
            Ok(Ok(found)) => Some(found),
            Ok(Err(refusal)) => {
                self.refused(&refusal);
                None
            }
            Err(error) => {
                tracing::warn!(%error, "there is no way back");
                None
            }
        }
    }
}

/// Names the files that would change.
fn question(found: &Application) -> String {
    let names = words::files(found.files.iter().map(|file| file.path.as_path()));
    format!(
        "Bring {names} back as at the last green? What you have now is kept under \
         refs/greenward/before-back"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use greenward_engine::AppliedFile;

    #[test]
    fn the_question_names_the_files() {
        let found = |files: usize| Application {
            files: (0..files)
                .map(|number| AppliedFile {
                    path: format!("/w/{number}.py").into(),
                    version: None,
                    before: None,
                    after: None,
                })
                .collect(),
        };
        assert!(question(&found(2)).starts_with("Bring 0.py, 1.py back as"));
        assert!(question(&found(10)).contains("7.py and 2 more back as"));
    }
}
