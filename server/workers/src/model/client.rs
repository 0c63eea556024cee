//! The HTTP client and the endpoint of a model, out of settings and environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use greenward_protocol::settings;
use reqwest::{Client, NoProxy, Proxy, Url};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::SettingsError;
use crate::api::Api;

/// Hosts that no proxy is asked for.
const LOCAL: &str = "localhost,127.0.0.0/8,::1";

/// Where requests go.
pub(super) fn endpoint(
    name: &str,
    api: Api,
    settings: &settings::Worker,
) -> Result<Url, SettingsError> {
    let base = settings.base_url.as_deref().unwrap_or(api.home());
    let wrong = || SettingsError::BadUrl {
        worker: name.to_owned(),
        url: base.to_owned(),
    };
    let mut url = Url::parse(base).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{path}{}", api.path(&path)));
    url.set_fragment(None);
    Ok(url)
}

/// The URL without what may be secret in it.
pub(super) fn shown(endpoint: &Url) -> String {
    let mut shown = endpoint.clone();
    // Both can only fail for URLs without a host.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    shown.to_string()
}

/// A client for `endpoint` that follows no redirect, for a key is meant for one host, and asks only
/// those proxies that `env` names.
pub(super) fn client(
    endpoint: &Url,
    env: &BTreeMap<String, String>,
) -> Result<Client, SettingsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(SettingsError::Tls)?;
    // A server without encryption, such as a local one, must not need certificates of the system.
    let tls = match endpoint.scheme() {
        "https" => tls.with_platform_verifier().map_err(SettingsError::Tls)?,
        _ => tls.with_root_certificates(rustls::RootCertStore::empty()),
    };
    let mut builder = Client::builder()
        .tls_backend_preconfigured(tls.with_no_client_auth())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(20))
        .user_agent(concat!("greenward/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    for proxy in proxies(env)? {
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(SettingsError::Client)
}

fn proxies(env: &BTreeMap<String, String>) -> Result<Vec<Proxy>, SettingsError> {
    let value = |names: [&'static str; 2]| {
        let set = |name: &'static str| {
            let value = env.get(name).filter(|value| !value.trim().is_empty());
            value.map(|value| (name, value.clone()))
        };
        names.into_iter().find_map(set)
    };
    let none = value(["no_proxy", "NO_PROXY"]).map_or(String::new(), |(_, none)| none);
    let none = NoProxy::from_string(&format!("{LOCAL},{none}"));
    type Make = fn(String) -> reqwest::Result<Proxy>;
    let kinds: [([&'static str; 2], Make); 3] = [
        (["https_proxy", "HTTPS_PROXY"], Proxy::https),
        (["http_proxy", "HTTP_PROXY"], Proxy::http),
        (["all_proxy", "ALL_PROXY"], Proxy::all),
    ];
    let mut proxies = Vec::new();
    for (names, make) in kinds {
        if let Some((variable, url)) = value(names) {
            let proxy = make(url).map_err(|source| SettingsError::BadProxy { variable, source })?;
            proxies.push(proxy.no_proxy(none.clone()));
        }
    }
    Ok(proxies)
}
