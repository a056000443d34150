"""A bundle for recipes of a cluster: packages of Debian's and of Kubernetes', and the images that its kubeadm names."""

import json
import os
import shutil

from booted import HOME, testbed
from process import run
from serve import Server, rival

DEBIAN = "/usr/share/keyrings/debian-archive-keyring.gpg"
# The archives of Debian's that this machine's apt knows.
KNOWN = "$(CREATED_BY)|$(ORIGIN)|$(SITE)|$(RELEASE)|$(COMPONENT)"
MARK = "Packages|Debian|"
# Kubernetes may have to be built first.
BUILT_WITHIN_S = 7200


def armored(ring, directory):
    """The keys of a key ring in their armour; gives the file."""
    home, path = os.path.join(directory, "gnupg"), os.path.join(directory, os.path.basename(ring) + ".asc")
    os.makedirs(home, 0o700, exist_ok=True)
    keys = run(["gpg", "--homedir", home, "--batch", "--quiet", "--no-default-keyring", "--keyring", ring, "--armor", "--export"]).stdout
    with open(path, "w") as file:
        file.write(keys)
    return path


def sources(archives, ring, name, directory):
    """Archives of one key, as deb822; gives the file."""
    key, path = armored(ring, directory), os.path.join(directory, f"{name}.sources")
    with open(path, "w") as file:
        for site, suite, component in archives:
            file.write(f"Types: deb\nURIs: {site}\nSuites: {suite}\nComponents: {component}\nSigned-By: {key}\n\n")
    return path


def archive(directory):
    """The packages of Kubernetes that the testbed made."""
    argv = ["/usr/bin/python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", os.path.join(HOME, "mirror", "kubernetes")]
    return Server("archive", argv, "http://", directory)


def push(registry):
    """Puts the images that the testbed made into a registry, under their names without the registry's own."""
    layout = testbed("images", patience_s=BUILT_WITHIN_S).stdout.strip()
    with open(os.path.join(layout, "index.json")) as file:
        names = [image["annotations"]["org.opencontainers.image.ref.name"] for image in json.load(file)["manifests"]]
    for name in names:
        place = f"docker://{registry.address}/{name.split('/', 1)[1]}"
        run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", f"oci:{layout}:{name}", place])


def bundle(labkit, directory, *recipes):
    """Makes it, as one file; gives its path. What it is made from is removed."""
    # The archive of Kubernetes is made where machines are booted.
    testbed("up", "1", "--kubernetes", patience_s=BUILT_WITHIN_S)
    testbed("down")
    place, packed = os.path.join(directory, "offline"), os.path.join(directory, "lab.bundle.tar")
    os.makedirs(place)
    servers = []
    try:
        servers += [archive(place)]
        servers += [rival(place)]
        kubernetes, registry = servers
        push(registry)
        known = run(["apt-get", "indextargets", "--format", KNOWN]).stdout.splitlines()
        debian = sorted({tuple(line.removeprefix(MARK).split("|")) for line in known if line.startswith(MARK)})
        options = ["--sources", sources(debian, DEBIAN, "debian", place)]
        options += ["--sources", sources([(f"http://{kubernetes.address}", "lab", "main")], os.path.join(HOME, "mirror.gpg"), "kubernetes", place)]
        options += ["--registry", f"k8s.gcr.io=http://{registry.address}"]
        lock, built = os.path.join(place, "lab.lock"), os.path.join(place, "lab.bundle")
        labkit.run("bundle", "lock", *recipes, *options, "-o", lock, patience_s=600)
        labkit.run("bundle", "build", lock, "-o", built, "--quiet", patience_s=1800)
        labkit.run("bundle", "pack", built, "-o", packed, "--quiet", patience_s=600)
    finally:
        for server in servers:
            server.end()
        shutil.rmtree(place)
    return packed
