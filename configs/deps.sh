#!/bin/sh
# Finds what the build needs and does not find: a C and a C++ compiler, and cargo. Installs the system's packages where it may,
# prints the command where it may not. libzmq is built from source with the workspace and needs nothing of the system.
set -u
missing=""
command -v cc >/dev/null 2>&1 || missing="$missing gcc"
command -v c++ >/dev/null 2>&1 || missing="$missing g++"
command -v make >/dev/null 2>&1 || missing="$missing make"
if ! command -v cargo >/dev/null 2>&1; then
    echo "error: cargo is not on the PATH" >&2
    echo "help: install a Rust toolchain of 1.90 or newer (https://rustup.rs)" >&2
    exit 3
fi
[ -z "$missing" ] && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "installing:$missing"
    apt-get update -q && apt-get install -y -q $missing
else
    echo "error: the build needs:$missing" >&2
    echo "help: sudo apt-get install -y$missing" >&2
    exit 3
fi
