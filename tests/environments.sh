# SPDX-License-Identifier: MIT
# The part `environments` of scripts/test, which reads this file: not among those that run by default.
#
# Programs of others that deepion works with, each in an environment of its own in build/environments, which pip makes and later
# runs keep (2 GB, most of it TensorFlow):
#
#   dpgen     DP-GEN and dpgen2: their inputs run, and they read what is written
#   deepmd    the wheel beside DeePMD-kit: both styles in one input
#   python    the wheel with phonopy and i-PI: the examples for Python
#
#   ENVIRONMENTS="deepmd python"    only these
# shellcheck shell=bash disable=SC2154  # variables and functions of scripts/test

environments=$build/environments

run_environments() {
    local wheel wanted=${ENVIRONMENTS:-dpgen deepmd python}
    mkdir -p "$environments"
    case $wanted in *deepmd* | *python*)
        rm -rf "$environments/wheel"
        logged environments-wheel "the wheel" scripts/build_wheel "$environments/wheel"
        wheel=$(echo "$environments"/wheel/*.whl)
        ;;
    esac
    local name
    for name in $wanted; do
        case $name in
        dpgen) environment dpgen "" dpgen==0.14.0 dpgen2==0.1.0 ;;
        # of the versions that `scripts/bench --peer deepmd` measures
        deepmd) environment deepmd "$wheel" --constraint requirements-peer.lock 'deepmd-kit[cpu,lmp]==3.2.0' ;;
        python) environment python "$wheel" 'deepion[tools]' phonopy==4.10.0 ipi==3.3.1 ;;
        *) die "ENVIRONMENTS: there is no $name, only dpgen, deepmd and python" ;;
        esac
    done
    # each test says itself which of them it needs
    DEEPION_ENVIRONMENTS=$environments run_pytest environments tests/lammps/test_dpgen.py tests/lammps/test_both_styles.py \
        tests/examples/test_python_examples.py
}

# environment NAME WHEEL WORD...: build/environments/NAME with what `pip install WORD...` brings, and with the wheel as it is now
environment() {
    local name=$1 wheel=$2 folder=$environments/$1
    shift 2
    if [ "$(cat "$folder/complete" 2>/dev/null)" != "$*" ]; then
        rm -rf "$folder"
        "$venv/bin/python" -m venv "$folder"
        # one call, so that pip finds versions that fit all of it
        # shellcheck disable=SC2086  # none or one
        logged "environments-$name" "environment $name" "$folder/bin/python" -m pip install --no-input ${wheel:+"$wheel"} "$@"
        echo "$*" >"$folder/complete"
    elif [ -n "$wheel" ]; then
        logged "environments-$name" "the wheel into environment $name" \
            "$folder/bin/python" -m pip install --no-input --no-deps --force-reinstall "$wheel"
    fi
}
