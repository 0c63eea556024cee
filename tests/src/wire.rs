//! LSP's base protocol: frames of JSON over a pair of pipes.

use std::io::{self, BufRead, Write};

use serde_json::Value;

/// Writes one message.
pub(crate) fn write(out: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(out, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    out.flush()
}

/// Reads one message; nothing at the end of the stream. What is no well-formed frame is an error:
/// a server must not write such a thing.
pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Value>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return if length.is_none() {
                Ok(None)
            } else {
                Err(invalid("the stream ended inside a header"))
            };
        }
        let Some(line) = line.strip_suffix("\r\n") else {
            return Err(invalid(&format!("no header line: {line:?}")));
        };
        if line.is_empty() {
            break;
        }
        match line.split_once(": ") {
            Some(("Content-Length", value)) => {
                length = Some(value.parse::<usize>().map_err(|_| invalid(line))?);
            }
            Some(("Content-Type", _)) => {}
            _ => return Err(invalid(&format!("unknown header: {line:?}"))),
        }
    }
    let length = length.ok_or_else(|| invalid("a header without Content-Length"))?;
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    serde_json::from_slice(&body)
        .map(Some)
        .map_err(|error| invalid(&format!("a body that is no JSON: {error}")))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_is_written_is_read() {
        let message = json!({"jsonrpc": "2.0", "method": "é"});
        let mut bytes = Vec::new();
        super::write(&mut bytes, &message).expect("writes to memory");
        super::write(&mut bytes, &message).expect("writes to memory");
        let mut input = bytes.as_slice();
        for expected in [Some(&message), Some(&message), None] {
            let read = super::read(&mut input).expect("reads its own frames");
            assert_eq!(read.as_ref(), expected);
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        for bytes in [
            "test result: ok\r\n",
            "Content-Length: 2\n\n{}",
            "Content-Length: x\r\n\r\n{}",
            "Content-Length: 9\r\n\r\n{}",
            "Content-Length: 1\r\n\r\n{",
            "Content-Type: a\r\n\r\n{}",
        ] {
            assert!(super::read(&mut bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }
}
