//! `cytotrial registry serve`: a store behind the registry's own interface, for this machine.

use std::net::{IpAddr, TcpListener};

use cytotrial::operation::trial_store::ATTRIBUTION;

use super::store::{Place, refused};
use crate::interrupt::Interrupt;
use crate::terminal::{refuse, say, tell};
use crate::{Exit, Options};

mod http;

/// Serve a store as the registry's interface, version 2, so that its clients work offline
///
/// Reading only. It listens to this machine alone unless another address is named.
///
/// For example `cytotrial registry serve --port 8090`, then `http://127.0.0.1:8090/api/v2/studies?query.cond=myeloma`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Port; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8090)]
    port: u16,
    /// Address to listen at; others than this machine's own can be reached from outside
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
}

pub(super) fn run(arguments: &Arguments, options: Options) -> Exit {
    let store = match arguments.place.open() {
        Ok(store) => store,
        Err(problem) => return refused(problem, options),
    };
    let listener = match TcpListener::bind((arguments.host, arguments.port)) {
        Ok(listener) => listener,
        Err(error) => {
            let message = format!(
                "`{}`, port {}, cannot be listened at: {error}",
                arguments.host, arguments.port
            );
            return refuse(Exit::Usage, &message, "name another port with `--port`");
        }
    };
    let address = listener.local_addr().map_or(String::new(), |address| address.to_string());
    say(&format!("http://{address}/api/v2\n"));
    if !options.quiet {
        tell(&format!("{} records; {ATTRIBUTION}; Ctrl-C ends", store.count()));
        if !arguments.host.is_loopback() {
            tell("warning: this address can be reached from other machines");
        }
    }
    let interrupt = Interrupt::listen(options);
    match http::serve(&listener, store, &arguments.place.store, &interrupt) {
        Ok(()) => Exit::Fine,
        Err(error) => refuse(Exit::Failed, &format!("the server stopped: {error}"), ""),
    }
}
