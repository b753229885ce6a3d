"""The program as it is released, whatever the rest of the build is for."""

# What .bazelrc's `--config=opt` adds; a test compares the two.
RELEASE_COPTS = [
    "-O2",
    "-g1",
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-fstack-protector-strong",
]
RELEASE_LINKOPTS = ["-Wl,-z,relro,-z,now"]

_MODE = "//command_line_option:compilation_mode"
_COPT = "//command_line_option:copt"
_LINKOPT = "//command_line_option:linkopt"
_SUFFIX = "//command_line_option:platform_suffix"

def _as_released(settings, _attr):
    return {
        _MODE: "opt",
        _COPT: settings[_COPT] + RELEASE_COPTS,
        _LINKOPT: settings[_LINKOPT] + RELEASE_LINKOPTS,
        _SUFFIX: "opt",
    }

_release = transition(
    implementation = _as_released,
    inputs = [_COPT, _LINKOPT],
    outputs = [_MODE, _COPT, _LINKOPT, _SUFFIX],
)

def _impl(ctx):
    # One file of its own name: which of a program's files is the program, a genrule could not tell.
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.attr.program[0][DefaultInfo].files_to_run.executable, is_executable = True)
    return [DefaultInfo(files = depset([out]))]

released = rule(
    implementation = _impl,
    attrs = {
        "program": attr.label(cfg = _release, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)
