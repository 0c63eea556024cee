//! Everything that a client may write: frames, and what is in them.
//!
//! Whatever comes, reading it does not panic and does not end without an end, what is refused is
//! refused with an error, and what is taken for a call can be written and read again.

#![no_main]

use greenward_lsp::transport::framing::{Frame, FrameReader};
use greenward_lsp::transport::message::{Incoming, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut frames = FrameReader::new(bytes);
    let mut count = 0;
    while let Ok(Some(frame)) = frames.next_frame() {
        count += 1;
        assert!(count <= bytes.len() + 1, "more frames than bytes");
        if let Frame::Body(body) = frame {
            check(&body);
        }
    }
    // Mostly there is no frame in it, so take it for a body too.
    check(bytes);
});

fn check(body: &[u8]) {
    match parse(body) {
        Incoming::Refused(answer) => assert!(answer.is_error(), "{answer:?}"),
        Incoming::Reply { .. } => {}
        Incoming::Call(call) => {
            let text = call.to_string();
            let Incoming::Call(again) = parse(text.as_bytes()) else {
                panic!("no call any more: {text}");
            };
            assert_eq!((again.method(), again.id()), (call.method(), call.id()));
        }
    }
}
