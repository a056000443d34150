--- The bundle as this machine's own source of packages and images, step by step.
local offline = {}

local known

--- What the bundle has; there must be one.
local function own()
    known = known or bundle.facts()
    return known
end

--- Served by the machine to itself, so that no other has to be there.
function offline.serve(address)
    local unit = "/etc/systemd/system/labkit-bundle.service"
    host.file { path = unit, content = table.concat({
        -- Another bundle in its place is another unit, which is begun anew.
        "# " .. own().digest,
        "[Unit]",
        "Description=The bundle of the lab: packages and images",
        "RequiresMountsFor=" .. own().place,
        "",
        "[Service]",
        ("ExecStart=%s bundle serve %s --address %s"):format(own().program, own().place, address),
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
end

--- apt: signed by a key that follows from the lab secret.
function offline.packages(address)
    if #own().architectures > 0 then
        host.archive {
            name = "labkit-bundle",
            uris = "http://" .. address .. "/debian",
            suites = "lab",
            components = "main",
            key = own().key,
        }
    end
end

--- CRI-O, podman, buildah, skopeo: each registry has its mirror here, and a short name means Docker's.
function offline.containers(address)
    local mirrors = { 'unqualified-search-registries = ["docker.io"]' }
    for _, registry in ipairs(own().registries) do
        table.insert(mirrors, ('\n[[registry]]\nprefix = "%s"\nlocation = "%s"\n'):format(registry, registry))
        table.insert(mirrors, ('[[registry.mirror]]\nlocation = "%s/%s"\ninsecure = true'):format(address, registry))
    end
    host.file {
        path = "/etc/containers/registries.conf.d/50-labkit.conf",
        content = table.concat(mirrors, "\n") .. "\n",
    }
end

--- containerd: the same, a directory for each registry.
function offline.containerd(address)
    for _, registry in ipairs(own().registries) do
        host.file {
            path = "/etc/containerd/certs.d/" .. registry .. "/hosts.toml",
            content = ('[host."http://%s"]\ncapabilities = ["pull", "resolve"]\n'):format(address),
        }
    end
end

--- Where containerd looks for those, in its configuration, which must be there.
function offline.tell_containerd()
    host.value {
        path = "/etc/containerd/config.toml",
        at = { "plugins", "io.containerd.grpc.v1.cri", "registry", "config_path" },
        value = "/etc/containerd/certs.d",
    }
end

return offline
