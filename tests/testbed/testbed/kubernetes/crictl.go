// A stand-in for crictl, which Debian has not packaged: what kubeadm calls, and a look at images and containers for people.
// It speaks to the runtime by the kubelet's own client.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	services "k8s.io/cri-api/pkg/apis"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"k8s.io/kubernetes/pkg/kubelet/cri/remote"
)

const (
	usual    = "/run/containerd/containerd.sock"
	patience = 10 * time.Minute
)

// A command is given the words after its name.
var commands = map[string]func(words []string) error{
	"images":   images,
	"info":     info,
	"inspecti": each(inspectImage),
	"pods":     pods,
	"ps":       containers,
	"pull":     each(pull),
	"rmi":      each(func(name string) error { return image.RemoveImage(named(name)) }),
	"rmp":      each(func(id string) error { return runtime.RemovePodSandbox(id) }),
	"stopp":    each(func(id string) error { return runtime.StopPodSandbox(id) }),
	"version":  version,
}

var (
	runtime services.RuntimeService
	image   services.ImageManagerService
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	socket := usual
	if other := os.Getenv("CONTAINER_RUNTIME_ENDPOINT"); other != "" {
		socket = other
	}
	flag.StringVar(&socket, "runtime-endpoint", socket, "the runtime's socket")
	flag.StringVar(&socket, "r", socket, "the same")
	flag.Parse()
	command, known := commands[flag.Arg(0)]
	if !known {
		return fmt.Errorf("unknown command %q", flag.Arg(0))
	}
	if !strings.Contains(socket, "://") {
		socket = "unix://" + socket
	}
	if runtime, err = remote.NewRemoteRuntimeService(socket, patience); err != nil {
		return err
	}
	if image, err = remote.NewRemoteImageService(socket, patience); err != nil {
		return err
	}
	return command(flag.Args()[1:])
}

// each does the same with every word.
func each(act func(string) error) func([]string) error {
	return func(words []string) error {
		for _, word := range words {
			if err := act(word); err != nil {
				return err
			}
		}
		return nil
	}
}

func named(name string) *cri.ImageSpec { return &cri.ImageSpec{Image: name} }

// wants tells whether a flag such as -q is among the words.
func wants(words []string, name string) bool {
	for _, word := range words {
		if word == name {
			return true
		}
	}
	return false
}

func images([]string) error {
	found, err := image.ListImages(nil)
	for _, one := range found {
		fmt.Println(one.Id, one.Size_, strings.Join(one.RepoTags, " "))
	}
	return err
}

// info fails where the runtime does not answer; what it lacks is only told.
func info([]string) error {
	status, err := runtime.Status()
	if err != nil {
		return err
	}
	for _, condition := range status.Conditions {
		fmt.Println(condition.Type, condition.Status, condition.Reason, condition.Message)
	}
	return nil
}

func inspectImage(name string) error {
	found, err := image.ImageStatus(named(name))
	if err == nil && found == nil {
		err = fmt.Errorf("no such image %q present", name)
	}
	if err == nil {
		fmt.Println(found.Id, strings.Join(found.RepoTags, " "))
	}
	return err
}

func pods(words []string) error {
	found, err := runtime.ListPodSandbox(nil)
	for _, pod := range found {
		if wants(words, "-q") {
			fmt.Println(pod.Id)
		} else {
			fmt.Println(pod.Id, pod.State, pod.Metadata.Namespace, pod.Metadata.Name)
		}
	}
	return err
}

func containers(words []string) error {
	found, err := runtime.ListContainers(nil)
	for _, one := range found {
		if one.State != cri.ContainerState_CONTAINER_RUNNING && !wants(words, "-a") {
			continue
		}
		if wants(words, "-q") {
			fmt.Println(one.Id)
		} else {
			fmt.Println(one.Id, one.State, one.Metadata.Name, one.Metadata.Attempt, one.Labels["io.kubernetes.pod.name"])
		}
	}
	return err
}

func pull(name string) error {
	id, err := image.PullImage(named(name), nil, nil)
	if err == nil {
		fmt.Println(id)
	}
	return err
}

func version([]string) error {
	found, err := runtime.Version("v1alpha2")
	if err == nil {
		fmt.Println(found.RuntimeName, found.RuntimeVersion, found.RuntimeApiVersion)
	}
	return err
}
