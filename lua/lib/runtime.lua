--- What runs containers: told which image keeps a pod's namespaces, and who moves processes into control groups.
local runtime = {}

--- containerd, with the place where mirrors of registries are written down.
function runtime.containerd(cgroups)
    local path = "/etc/containerd/config.toml"
    host.file {
        path = path,
        content = [[
version = 2

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {{pause}}

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = {{systemd}}
]],
        values = { pause = '"' .. cluster.pause_image() .. '"', systemd = cgroups == "systemd" },
    }
    host.service { unit = "containerd.service", enabled = true, reads = path }
end

--- CRI-O. The bridge that its package brings stays switched off: it gives pods of all nodes the same addresses, and a
--- node would be ready before there is a way to the others.
function runtime.cri_o(cgroups, network)
    local path = "/etc/crio/crio.conf.d/20-labkit.conf"
    host.file {
        path = path,
        content = [[
[crio.image]
pause_image = {{pause}}
# A full disk throws none of these away.
pinned_images = ["registry.k8s.io/*", "k8s.gcr.io/*", "docker.io/calico/*", "quay.io/calico/*"]

[crio.network]
# No other network counts, and none is there before this one.
cni_default_network = {{network}}

[crio.runtime]
cgroup_manager = {{cgroups}}
{{conmon}}# Anybody in a pod may ping.
default_sysctls = ["net.ipv4.ping_group_range=0 2147483647"]
]],
        values = {
            pause = '"' .. cluster.pause_image() .. '"',
            network = '"' .. network .. '"',
            cgroups = '"' .. cgroups .. '"',
            -- The one group that a container's monitor can be in where no slices are.
            conmon = cgroups == "cgroupfs" and 'conmon_cgroup = "pod"\n' or "",
        },
    }
    host.service { unit = "crio.service", enabled = true, reads = path }
end

--- Directories that it makes and fills.
runtime.remains = {
    containerd = { "/opt/containerd", "/var/lib/containerd" },
    ["cri-o"] = { "/var/lib/containers", "/var/lib/crio", "/var/log/crio" },
}

--- Packages that it is in.
runtime.packages = { containerd = "containerd", ["cri-o"] = "cri-o" }

return runtime
