//! Endpoints and keys out of settings and environment.

use greenward_protocol::settings::Worker as Settings;
use tokio::net::TcpListener;

use super::*;

#[test]
fn a_base_url_leads_to_its_endpoint() {
    for (api, base, endpoint) in [
        (Api::Chat, "http://h:1/v1", "http://h:1/v1/chat/completions"),
        (Api::Chat, "http://h/v1/", "http://h/v1/chat/completions"),
        (
            Api::Chat,
            "http://h/x?api-version=1",
            "http://h/x/chat/completions?api-version=1",
        ),
        (Api::Responses, "https://h/v1", "https://h/v1/responses"),
        (Api::Messages, "http://h", "http://h/v1/messages"),
        (Api::Messages, "http://h/v1", "http://h/v1/messages"),
        (
            Api::Messages,
            "http://h/anthropic/",
            "http://h/anthropic/v1/messages",
        ),
    ] {
        let found = client::endpoint("w", api, &settings(base)).unwrap();
        assert_eq!(found.as_str(), endpoint);
    }
    let url = Url::parse("http://me:secret@h/v1?key=secret").unwrap();
    assert_eq!(client::shown(&url), "http://h/v1");
}

#[test]
fn wrong_settings_are_named() {
    let good = settings("http://127.0.0.1:1");
    for (settings, expected) in [
        (
            Settings {
                model: None,
                ..good.clone()
            },
            "needs `model`: set `workers.w.model`",
        ),
        (
            Settings {
                base_url: Some("ftp://h".into()),
                ..good.clone()
            },
            "`workers.w.base_url` must be a URL",
        ),
        (
            Settings {
                base_url: Some("h:1".into()),
                ..good.clone()
            },
            "not `h:1`",
        ),
        (
            Settings {
                key_env: Some("NONE".into()),
                ..good.clone()
            },
            "variable NONE, which is not set",
        ),
        (
            Settings {
                key_env: Some("BAD".into()),
                ..good.clone()
            },
            "characters that no key has",
        ),
        (
            Settings {
                key_env: Some("BLANK".into()),
                ..good
            },
            "which is empty",
        ),
    ] {
        let mut env = env();
        env.insert("BAD".into(), "a\nb".into());
        env.insert("BLANK".into(), " ".into());
        let error = Model::new("w", Api::Chat, &settings, &env)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_model_does_not_show_its_key() {
    let shown = format!("{:?}", model(Api::Chat, "http://127.0.0.1:1"));
    assert!(shown.contains("Key(..)") && !shown.contains(KEY), "{shown}");
}

#[tokio::test]
async fn an_encrypted_endpoint_is_spoken_to_in_tls() {
    use tokio::io::AsyncReadExt;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let model = model(Api::Chat, &url);
    let (sender, _receiver) = unbounded_channel();
    let (turn, cancel) = (turn(), CancellationToken::new());
    let hello = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let hello = stream.read_u8().await.unwrap();
        cancel.cancel();
        hello
    };
    let (_, hello) = tokio::join!(model.turn(&turn, &cancel, &sender), hello);
    // The first byte of a handshake record (RFC 8446, 5.1).
    assert_eq!(hello, 22);
}
