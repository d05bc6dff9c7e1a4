#!/bin/sh
# Finds what the build needs and does not find: a C and a C++ compiler, and cargo. Installs the system's packages where it may,
# prints the command where it may not. libzmq is built from source with the workspace and needs nothing of the system.
# With "radio": also what the tests of the radio need, SoapySDR's development files, pkg-config and SoapySDRUtil.
set -u
case "${1:-}" in
"" | radio) ;;
*)
    echo "error: unknown argument $1" >&2
    echo "help: sh configs/deps.sh [radio]" >&2
    exit 2
    ;;
esac
missing=""
command -v cc >/dev/null 2>&1 || missing="$missing gcc"
command -v c++ >/dev/null 2>&1 || missing="$missing g++"
command -v make >/dev/null 2>&1 || missing="$missing make"
if ! command -v cargo >/dev/null 2>&1; then
    echo "error: cargo is not on the PATH" >&2
    echo "help: install a Rust toolchain of 1.90 or newer (https://rustup.rs)" >&2
    exit 3
fi
if [ "${1:-}" = radio ]; then
    command -v pkg-config >/dev/null 2>&1 || missing="$missing pkg-config"
    pkg-config --exists SoapySDR 2>/dev/null || missing="$missing libsoapysdr-dev"
    command -v SoapySDRUtil >/dev/null 2>&1 || missing="$missing soapysdr-tools"
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
