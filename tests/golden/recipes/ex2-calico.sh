kubeadm kubectl kubelet
install -d -m 0755 /etc/chrony
install -d -m 0755 /etc/chrony/conf.d
install -m 0644 /dev/stdin /etc/chrony/conf.d/labkit.conf <<'END'
local stratum 8
allow 127.0.0.0/8
END
systemctl enable -- chrony.service
systemctl restart -- chrony.service

# runtime
install -d -m 0755 /etc/crio
install -d -m 0755 /etc/crio/crio.conf.d
install -m 0644 /dev/stdin /etc/crio/crio.conf.d/20-labkit.conf <<'END'
[crio.image]
pause_image = "‹pause image of kubeadm›"
# A full disk throws none of these away.
pinned_images = ["registry.k8s.io/*", "k8s.gcr.io/*", "docker.io/calico/*", "quay.io/calico/*"]

[crio.network]
# No other network counts, and none is there before this one.
cni_default_network = "k8s-pod-network"

[crio.runtime]
cgroup_manager = "systemd"
# Anybody in a pod may ping.
default_sysctls = ["net.ipv4.ping_group_range=0 2147483647"]
END
systemctl enable -- crio.service
systemctl restart -- crio.service

# pod network

# kubeadm
kubeadm init --apiserver-advertise-address=127.0.0.1 --pod-network-cidr=10.17.0.0/16 --service-cidr=10.96.0.0/12 --node-name=master --cri-socket=/var/run/crio/crio.sock
systemctl enable -- kubelet.service
systemctl start -- kubelet.service
: 'in /etc/labkit/calico.yaml, with an editor: calico_backend vxlan, CALICO_IPV4POOL_CIDR 10.17.0.0/16, CALICO_IPV4POOL_IPIP Never, CALICO_IPV4POOL_VXLAN Always, IP_AUTODETECTION_METHOD kubernetes-internal-ip' && false
export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl apply --server-side --filename /etc/labkit/calico.yaml

# ready
export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl wait --for=condition=Ready nodes --all --timeout=900s

# proof

# hpl pods
kubectl apply --filename - <<'END'
# Three pods that HPL runs in, one on each machine. labkit fills in its own path and leaves out pods of machines that the
# lab does not have; `--set pods=FILE` takes another manifest.
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Namespace
  metadata:
    name: labkit-hpl
- apiVersion: v1
  kind: Pod
  metadata:
    name: hpl-pod1
    namespace: labkit-hpl
    labels: &labels
      app: hpl
  spec: &spec
    nodeName: master
    # The master runs one as well.
    tolerations:
    - operator: Exists
    restartPolicy: Always
    terminationGracePeriodSeconds: 0
    automountServiceAccountToken: false
    enableServiceLinks: false
    securityContext:
      runAsNonRoot: true
      runAsUser: 65534
      runAsGroup: 65534
      # Echo packets without any right.
      sysctls:
      - name: net.ipv4.ping_group_range
        value: 0 2147483647
    containers:
    - name: hpl
      image: localhost/hpcc:1
      imagePullPolicy: IfNotPresent
      command: [/labkit, hello, hpl, --port, "18080"]
      resources:
        requests: &share
          cpu: "1"
          memory: 1Gi
        limits: *share
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
      - name: labkit
        mountPath: /labkit
        readOnly: true
      # Open MPI keeps its sockets, and ranks of one pod their memory, in files.
      - name: scratch
        mountPath: /tmp
      - name: memory
        mountPath: /dev/shm
    volumes:
    - name: labkit
      hostPath:
        path: /usr/local/bin/labkit
        type: File
    - name: scratch
      emptyDir: {}
    - name: memory
      emptyDir:
        medium: Memory
- apiVersion: v1
  kind: Pod
  metadata:
    name: hpl-pod2
    namespace: labkit-hpl
    labels: *labels
  spec:
    <<: *spec
    nodeName: node01
- apiVersion: v1
  kind: Pod
  metadata:
    name: hpl-pod3
    namespace: labkit-hpl
    labels: *labels
  spec:
    <<: *spec
    nodeName: node02
END

# hpl
