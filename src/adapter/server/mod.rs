//! `server.stop`, `server.start`, `server.check-stopped`: an application server on this machine.
//!
//! A server has stopped when three things agree: none of its processes is left, its ports are
//! closed and the locks of its broker's stores are free. Each alone deceives: a stop script exits
//! before the server does, a port closes before the store is flushed or was never opened because
//! another process had it, and a lock is not taken by a server that never got so far.
//!
//! Scripts' exit codes are noted and not believed: Tomcat's `shutdown.sh` fails when nothing runs
//! and succeeds when the server ignores it, and WildFly's `:shutdown` returns before it has stopped.
//! Carbon's `wso2server.sh start` and `stop` succeed at once, whatever becomes of it; `stop` sends a
//! signal to whatever process has the number in `wso2carbon.pid`, which nobody ever removes: it is
//! called only while that process is the server's.
//!
//! A WildFly is up when its application is deployed. An open port says nothing of that: the server serves
//! while it deploys, and goes on serving when the deployment has failed.

mod check_stopped;
mod identify;
mod listeners;
mod start;
mod state;
mod stop;
mod target;
mod wildfly;

pub use check_stopped::CheckStopped;
pub use start::Start;
pub use stop::Stop;
pub use target::Kind;
