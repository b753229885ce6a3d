"""A fuzz target as a test: with --config=fuzz libFuzzer makes up inputs, otherwise the committed corpus is replayed."""

def fuzz_target(name, deps, srcs = None, dictionary = None, max_len = 4096):
    """corpus/NAME/ holds its corpus; `dictionary` is a file of libFuzzer's form."""
    options = ["-max_len=%d" % max_len]
    if dictionary:
        options.append("-dict=tests/fuzz/" + dictionary)
    native.cc_test(
        name = name,
        # Short as libFuzzer is told; an hour is for a night's budget.
        size = "small",
        timeout = "eternal",
        srcs = (srcs or [name + ".cc"]) + select({
            ":libfuzzer": ["libfuzzer_main.cc"],
            "//conditions:default": ["replay_main.cc"],
        }),
        args = options + ["tests/fuzz/corpus/" + name],
        data = native.glob(["corpus/%s/**" % name]) + ([dictionary] if dictionary else []),
        linkopts = select({
            ":libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = [":support"] + deps,
    )
