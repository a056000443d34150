--- What does a machine need to take packages and images from the bundle, now and after each start?
lab.params {
    address = { default = "127.0.0.1:5000", help = "where each machine serves the bundle to itself" },
    containerd = { default = false, help = "tell containerd, whose configuration must be there, where its mirrors are named" },
}

local own, address = bundle.facts(), lab.p.address

-- Served by the machine to itself, so that no other has to be there.
local unit = "/etc/systemd/system/labkit-bundle.service"
host.file { path = unit, content = table.concat({
    "[Unit]",
    "Description=The bundle of the lab: packages and images",
    "RequiresMountsFor=" .. own.place,
    "",
    "[Service]",
    ("ExecStart=%s bundle serve %s --address %s"):format(own.program, own.place, address),
    "Restart=on-failure",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
}, "\n") }
host.service { unit = "labkit-bundle.service", enabled = true, reads = unit }

-- apt: signed by a key that follows from the lab secret.
if #own.architectures > 0 then
    host.archive {
        name = "labkit-bundle",
        uris = "http://" .. address .. "/debian",
        suites = "lab",
        components = "main",
        key = own.key,
    }
end

-- CRI-O, podman, buildah, skopeo: each registry has its mirror here, and a short name means Docker's.
local mirrors = { 'unqualified-search-registries = ["docker.io"]' }
for _, registry in ipairs(own.registries) do
    table.insert(mirrors, ('\n[[registry]]\nprefix = "%s"\nlocation = "%s"\n'):format(registry, registry))
    table.insert(mirrors, ('[[registry.mirror]]\nlocation = "%s/%s"\ninsecure = true'):format(address, registry))
end
host.file {
    path = "/etc/containers/registries.conf.d/50-labkit.conf",
    content = table.concat(mirrors, "\n") .. "\n",
}

-- containerd: the same, a directory for each registry.
for _, registry in ipairs(own.registries) do
    host.file {
        path = "/etc/containerd/certs.d/" .. registry .. "/hosts.toml",
        content = ('[host."http://%s"]\ncapabilities = ["pull", "resolve"]\n'):format(address),
    }
end
if lab.p.containerd then
    host.value {
        path = "/etc/containerd/config.toml",
        at = { "plugins", "io.containerd.grpc.v1.cri", "registry", "config_path" },
        value = "/etc/containerd/certs.d",
    }
end
