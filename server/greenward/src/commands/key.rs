//! `greenward key`: keep the key of a model in the system's keyring.

use std::io::{self, IsTerminal, Read};

use greenward_engine::{keyring, usable_key};

use crate::cli::{KeyArgs, KeyCommand};
use crate::exit::{Exit, Trouble};
use crate::screen::Screen;

/// How much is read of what should be a key, in bytes.
const LIMIT: u64 = 16 * 1024;

/// Runs `greenward key`.
///
/// # Errors
/// If there is no key to keep, or the keyring cannot be used.
pub(crate) fn run(args: &KeyArgs) -> Result<Exit, Trouble> {
    let mut screen = Screen::stdout();
    match &args.what {
        KeyCommand::Set(key) => {
            set(&key.name)?;
            screen.print(&format!(
                "The system's keyring holds {name} {}.\nA worker uses it with key_keyring = \"{name}\".\n",
                keyring::LASTS,
                name = key.name
            ));
        }
        KeyCommand::Forget(key) => {
            if !keyring::forget(&key.name).map_err(unusable)? {
                return Err(Trouble::new(format!(
                    "the system's keyring holds no {}",
                    key.name
                )));
            }
            screen.line(&format!("{} is forgotten.", key.name));
        }
    }
    Ok(Exit::Holds)
}

fn set(name: &str) -> Result<(), Trouble> {
    let read = match io::stdin().is_terminal() {
        true => rpassword::prompt_password(format!("The key for {name}, which is not shown: ")),
        false => piped(),
    };
    let text = read.map_err(|error| Trouble::new("no key could be read").from(error))?;
    let key = usable_key(&text).map_err(|what| Trouble::new(format!("what was read {what}")))?;
    keyring::write(name, key).map_err(unusable)
}

fn piped() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(LIMIT).read_to_string(&mut text)?;
    Ok(text)
}

fn unusable(error: keyring::KeyringError) -> Trouble {
    Trouble::new("the key cannot be kept there")
        .from(error)
        .hint("name an environment variable in the worker's key_env instead")
}
