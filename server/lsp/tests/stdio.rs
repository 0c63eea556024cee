//! Claiming the standard streams. In a file of its own: the streams belong to the whole process.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use greenward_lsp::transport::claim_stdio;
use nix::unistd::{dup2_stdin, dup2_stdout};

#[test]
fn standard_streams_belong_to_who_claims_them() {
    let kept_input = io::stdin().as_fd().try_clone_to_owned().unwrap();
    let kept_output = io::stdout().as_fd().try_clone_to_owned().unwrap();
    let (server_input, mut client_output) = io::pipe().unwrap();
    let (mut client_input, server_output) = io::pipe().unwrap();
    dup2_stdin(&server_input).unwrap();
    dup2_stdout(&server_output).unwrap();
    drop((server_input, server_output));

    let (mut input, mut output) = claim_stdio().unwrap();
    client_output.write_all(b"to the server").unwrap();
    drop(client_output);
    let mut stray_input = String::new();
    let stray_read = io::stdin().read_to_string(&mut stray_input);
    let stray_write = io::stdout().write_all(b"stray\n");
    let stray_flush = io::stdout().flush();
    output.write_all(b"to the client").unwrap();
    drop(output);
    // Before anything is looked at, so that a failure can be seen.
    dup2_stdin(kept_input).unwrap();
    dup2_stdout(kept_output).unwrap();

    stray_read.and(stray_write).and(stray_flush).unwrap();
    assert_eq!(stray_input, "");
    let mut read = String::new();
    input.read_to_string(&mut read).unwrap();
    assert_eq!(read, "to the server");
    read.clear();
    client_input.read_to_string(&mut read).unwrap();
    assert_eq!(read, "to the client");
}
