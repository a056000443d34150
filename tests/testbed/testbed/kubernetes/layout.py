"""An OCI image layout, written: blobs by their digests, and an index that names images in full."""

import gzip
import hashlib
import json
import tarfile

OCI = "application/vnd.oci.image"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Hashed:
    """Writes on, and knows the digest of all that it wrote."""

    def __init__(self, out):
        self.out, self.sha256, self.size = out, hashlib.sha256(), 0

    def write(self, data):
        self.sha256.update(data)
        self.size += len(data)
        return self.out.write(data)

    def digest(self):
        return f"sha256:{self.sha256.hexdigest()}"


class Layout:
    def __init__(self, directory, architecture):
        self.directory, self.architecture, self.images = directory, architecture, []
        self.blobs = directory / "blobs/sha256"
        self.blobs.mkdir(parents=True)

    def layer(self, root):
        """What a directory holds, as root's and of no time; gives its descriptor and its digest before it was packed."""
        begun = self.blobs / "new"
        with open(begun, "wb") as file:
            packed = Hashed(file)
            with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=packed, mtime=0) as zipped:
                plain = Hashed(zipped)
                with tarfile.open(fileobj=plain, mode="w|") as tar:
                    for path in sorted(root.rglob("*")):
                        tar.add(path, path.relative_to(root), recursive=False, filter=anonymous)
        begun.rename(self.blobs / packed.sha256.hexdigest())
        return descriptor(f"{OCI}.layer.v1.tar+gzip", packed), plain.digest()

    def document(self, media_type, document):
        data = json.dumps(document, sort_keys=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        (self.blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def image(self, name, layers, **settings):
        config = self.document(f"{OCI}.config.v1+json", {
            "architecture": self.architecture, "os": "linux", "config": {"Env": [PATH], **settings},
            "rootfs": {"type": "layers", "diff_ids": [plain for _, plain in layers]}})
        manifest = self.document(f"{OCI}.manifest.v1+json", {
            "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json", "config": config,
            "layers": [packed for packed, _ in layers]})
        # One is read by skopeo, the other by containerd.
        names = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
        platform = {"architecture": self.architecture, "os": "linux"}
        self.images.append({**manifest, "platform": platform, "annotations": names})

    def finish(self):
        (self.directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": self.images}
        (self.directory / "index.json").write_text(json.dumps(index))


def anonymous(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def descriptor(media_type, hashed):
    return {"mediaType": media_type, "digest": hashed.digest(), "size": hashed.size}
