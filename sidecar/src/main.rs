//! The `sidecar` command. What it does is in the library.

fn main() -> std::process::ExitCode {
    sidecar::cli::main()
}
