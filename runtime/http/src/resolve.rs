//! Looking up names, with private addresses left out.
//!
//! The filter stands inside the lookup that the connection itself uses: a check beforehand would be a race
//! against an answer that changes. IP literals are not looked up at all; they are used as they are declared.

use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::address::is_private;

/// Why a name gives no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    #[error("the name `{name}` was not resolved: {source}")]
    Failed { name: String, source: std::io::Error },
    #[error("the name `{0}` has no address")]
    Empty(String),
    #[error("the name `{0}` stands for a private address, which needs `allow_private`")]
    Private(String),
}

/// The system's lookup, filtered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilteredLookup {
    pub(crate) allow_private: bool,
}

impl Resolve for FilteredLookup {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        let name = name.as_str().to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|source| LookupError::Failed { name: name.clone(), source })?;
            let found: Vec<SocketAddr> = found.collect();
            let addresses = permitted(&name, found, allow_private)?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses that a name may be used with. `localhost` (RFC 6761, section 6.3) is this machine and nothing
/// else; other names are public hosts, unless private ones are allowed.
fn permitted(
    name: &str,
    found: Vec<SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, LookupError> {
    if found.is_empty() {
        return Err(LookupError::Empty(name.to_owned()));
    }
    let host = name.trim_end_matches('.').to_ascii_lowercase();
    let local = host == "localhost" || host.ends_with(".localhost");
    let permits = |address: IpAddr| {
        if local { address.is_loopback() } else { allow_private || !is_private(address) }
    };
    let kept: Vec<SocketAddr> = found.into_iter().filter(|address| permits(address.ip())).collect();
    if kept.is_empty() { Err(LookupError::Private(name.to_owned())) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_left_out() {
        let check = |name: &str, addresses: &[&str], allow: bool| {
            let found =
                addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
            permitted(name, found, allow)
                .map(|kept| kept.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(check("localhost", &["127.0.0.1", "::1"], false).unwrap(), ["127.0.0.1", "::1"]);
        assert_eq!(check("db.localhost.", &["127.0.0.1"], false).unwrap(), ["127.0.0.1"]);
        assert!(check("localhost", &["10.0.0.1"], true).is_err());
        assert_eq!(check("api.example", &["10.0.0.1", "1.1.1.1"], false).unwrap(), ["1.1.1.1"]);
        assert_eq!(
            check("api.example", &["169.254.169.254"], false).unwrap_err(),
            "the name `api.example` stands for a private address, which needs `allow_private`"
        );
        assert_eq!(check("api.example", &["10.0.0.1"], true).unwrap(), ["10.0.0.1"]);
        assert!(check("api.example", &[], true).is_err());
    }
}
