//! The mock as its owner holds it.

use std::sync::Arc;

use flow_plan::{Plan, Setting};
use flow_vm::Program;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{
    Calls, Options, StartError,
    api::{self, Api},
    listener,
};

/// The APIs of some plans, played by servers of this process on ports of the loopback interface. They stop when
/// it is dropped.
pub struct Mock {
    apis: Vec<(Arc<Api>, Url)>,
    servers: JoinSet<()>,
}

/// Where one API is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// The API.
    pub api: String,
    /// Its version.
    pub version: u32,
    /// What takes the place of its `base`.
    pub url: Url,
}

impl Mock {
    /// Starts a server for each API of the plans.
    ///
    /// # Errors
    /// Where the options name an operation that there is not, or an answer that does not fit; where no port can
    /// be opened.
    pub async fn start(plans: &[Arc<Program>], options: Options) -> Result<Self, StartError> {
        let options = Arc::new(options);
        let mut apis = Api::all(plans, &options);
        let mut listeners = Vec::with_capacity(apis.len());
        for api in &mut apis {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let url =
                Url::parse(&format!("http://{}/", listener.local_addr()?)).map_err(std::io::Error::other)?;
            api.base = url.to_string();
            listeners.push((listener, url));
        }
        // Samples may hold the mock's own URL, so answers are tried when it is known.
        api::instruct(&mut apis, &options)?;
        let apis: Vec<Arc<Api>> = apis.into_iter().map(Arc::new).collect();
        let mut servers = JoinSet::new();
        let mut played = Vec::with_capacity(apis.len());
        for (api, (listener, url)) in apis.iter().zip(listeners) {
            let others = apis.iter().filter(|other| !Arc::ptr_eq(api, other) && other.shares_base(api));
            let served: Arc<[Arc<Api>]> = std::iter::once(api).chain(others).cloned().collect();
            servers.spawn(listener::listen(listener, served));
            played.push((Arc::clone(api), url));
        }
        Ok(Self { apis: played, servers })
    }

    /// Where the APIs are played, in the order of the plans. APIs that are declared with one base answer at each
    /// other's URL too, so that a configuration entry that several use can take any of theirs.
    pub fn base_urls(&self) -> Vec<BaseUrl> {
        self.apis
            .iter()
            .map(|(api, url)| BaseUrl { api: api.name.clone(), version: api.version, url: url.clone() })
            .collect()
    }

    /// Lets the APIs of a plan point here, in place of their own base URLs. It is then another plan, with another
    /// identity: for one process, not for keeping.
    pub fn redirect(&self, plan: &mut Plan) {
        for api in &mut plan.apis {
            let played = self.apis.iter().find(|(p, _)| p.name == api.name && p.version == api.version);
            if let Some((_, url)) = played {
                api.base = vec![Setting::Text(url.to_string())];
            }
        }
    }

    /// What the APIs have seen so far.
    pub fn calls(&self) -> Calls {
        let mut calls = Calls::default();
        for (api, _) in &self.apis {
            api.count(&mut calls);
        }
        calls
    }

    /// Stops the servers and waits until their ports are closed.
    pub async fn shutdown(mut self) {
        self.servers.shutdown().await;
    }
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("base_urls", &self.base_urls()).finish_non_exhaustive()
    }
}
