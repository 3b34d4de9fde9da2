//! Commands as a script sees them: stdout, stderr, exit codes, files.

mod answers;
mod children;
mod config;
mod fmt;
mod input;
mod pause;
mod publishing;
mod send;
