# SPDX-License-Identifier: MIT
# The part `sanitizers` of scripts/test, which reads this file: not among those that run by default.
#
# AddressSanitizer needs a nightly Rust for the crates (`rustup toolchain install nightly`); without it, valgrind's memcheck runs
# the unit tests of the crates instead. The plugin's C++ is built with AddressSanitizer and UndefinedBehaviorSanitizer of g++ into
# build/sanitizers, and tests/lammps drive it in LAMMPS: out-of-bounds accesses, use after free, overflow, bad casts and shifts.
# shellcheck shell=bash disable=SC2154  # variables and functions of scripts/test

# Takes long, or is about something else: the kernels' speed, the build, malloc's numbers.
not_sanitized="not energy_is_conserved and not kill and not test_build and not clear_gives_all_memory"

cpp_flags="-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"

run_sanitizers() {
    sanitize_cpp_units
    sanitize_crates
    sanitize_plugin
}

sanitize_cpp_units() {
    local folder=$build/sanitizers/cpp-tests
    logged sanitizers-units-configure "CMake configuration of tests/cpp" \
        cmake -S tests/cpp -B "$folder" -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=$cpp_flags"
    logged sanitizers-units "tests/cpp with sanitizers" cmake --build "$folder"
    lint "tests/cpp with sanitizers" "$folder/deepion-cpp-tests"
}

sanitize_crates() {
    local host
    host=$(rustc -vV | sed -n 's/^host: //p')
    if cargo +nightly --version >/dev/null 2>&1; then
        say "cargo test under AddressSanitizer"
        # Leaks are counted, but ONNX Runtime's and those of threads that outlive a test are not ours.
        RUSTFLAGS="-Zsanitizer=address -Cdebug-assertions" RUSTDOCFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 \
            CARGO_TARGET_DIR=$build/sanitizers/crates run_cargo_test +nightly --target "$host"
    elif command -v valgrind >/dev/null; then
        say "no nightly Rust: unit tests of the crates under valgrind"
        local binaries binary
        binaries=$(CARGO_TARGET_DIR=$build/target/tests cargo test --profile checks --workspace --lib --locked --no-run --message-format=json 2>/dev/null |
            sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
        for binary in $binaries; do
            lint "valgrind $(basename "$binary")" valgrind --quiet --error-exitcode=9 "$binary" --test-threads=1
        done
    else
        say "neither a nightly Rust nor valgrind: crates not sanitized"
        skipped=$((skipped + 1))
    fi
}

sanitize_plugin() {
    local runtime
    runtime=$(${CXX:-c++} -print-file-name=libasan.so)
    if ! [ -f "$runtime" ]; then
        say "${CXX:-c++} has no libasan.so: plugin not sanitized"
        skipped=$((skipped + 1))
        return
    fi
    mkdir -p "$build/sanitizers"
    [ -e "$build/sanitizers/target" ] || ln -s ../target "$build/sanitizers/target" # the same Rust library
    [ -f "$build/sanitizers/build.ninja" ] ||
        logged sanitizers-configure "CMake configuration of build/sanitizers" cmake -S cmake -B "$build/sanitizers" -G Ninja \
            "-DCMAKE_MAKE_PROGRAM=$venv/bin/ninja" -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=$cpp_flags"
    logged sanitizers-build "build/sanitizers/deepionplugin.so" cmake --build "$build/sanitizers"
    # exceptions are thrown through libstdc++, which Python does not load by itself before AddressSanitizer looks for it
    DEEPION_SANITIZERS="$(readlink -f "$runtime") $(readlink -f "$(${CXX:-c++} -print-file-name=libstdc++.so)")" run_pytest sanitizers tests/lammps -k "$not_sanitized"
}
