"""A Python module as a test. Bazel's own py_test looks for a `python` that Debian does not have."""

def python_test(name, data = [], **kwargs):
    """Runs `name`.py by its own runner, with the top folder as the place that imports start from."""
    module = "%s/%s" % (native.package_name(), name)
    native.sh_test(
        name = name,
        srcs = ["//tests:run_python"],
        args = [module.replace("/", ".")],
        data = [
            name + ".py",
            "//tests:runner",
        ] + data,
        **kwargs
    )
