// A stand-in for CoreDNS, which Debian has not packaged: names of services and their pods in cluster.local, from the API.
// It reads no Corefile, and asks nobody for other names; /health and /ready are where kubeadm's manifest looks for them.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/miekg/dns"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
)

const (
	zone    = ".svc.cluster.local."
	reverse = ".in-addr.arpa."
	seconds = 5
)

// A Cluster is what is known of it by now.
type Cluster struct {
	services  listers.ServiceLister
	endpoints listers.EndpointsLister
}

func main() {
	flag.String("conf", "", "not read")
	flag.Parse()
	config, err := rest.InClusterConfig()
	if err != nil {
		log.Fatal(err)
	}
	fine := func(answer http.ResponseWriter, _ *http.Request) { answer.Write([]byte("OK")) }
	go serveHTTP(":8080", "/health", fine)
	watched := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), time.Hour).Core().V1()
	cluster := Cluster{watched.Services().Lister(), watched.Endpoints().Lister()}
	forever := make(chan struct{})
	go watched.Services().Informer().Run(forever)
	go watched.Endpoints().Informer().Run(forever)
	for !watched.Services().Informer().HasSynced() || !watched.Endpoints().Informer().HasSynced() {
		time.Sleep(20 * time.Millisecond)
	}
	go serveHTTP(":8181", "/ready", fine)
	dns.HandleFunc(".", cluster.answer)
	go serveDNS("udp")
	serveDNS("tcp")
}

func serveHTTP(address, path string, act http.HandlerFunc) {
	routes := http.NewServeMux()
	routes.HandleFunc(path, act)
	log.Fatal(http.ListenAndServe(address, routes))
}

func serveDNS(network string) {
	server := dns.Server{Addr: ":53", Net: network}
	log.Fatal(server.ListenAndServe())
}

func (cluster Cluster) answer(out dns.ResponseWriter, question *dns.Msg) {
	reply := new(dns.Msg)
	reply.SetReply(question)
	reply.Authoritative = true
	for _, asked := range question.Question {
		header := dns.RR_Header{Name: asked.Name, Rrtype: asked.Qtype, Class: dns.ClassINET, Ttl: seconds}
		name := strings.ToLower(asked.Name)
		known := false
		switch {
		case strings.HasSuffix(name, reverse):
			owner := cluster.owner(strings.TrimSuffix(name, reverse))
			if known = owner != ""; known && asked.Qtype == dns.TypePTR {
				reply.Answer = append(reply.Answer, &dns.PTR{Hdr: header, Ptr: owner})
			}
		case strings.HasSuffix(name, zone):
			var addresses []string
			addresses, known = cluster.addresses(strings.Split(strings.TrimSuffix(name, zone), "."))
			for _, address := range addresses {
				if asked.Qtype == dns.TypeA {
					reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: net.ParseIP(address)})
				}
			}
		}
		if !known {
			reply.Rcode = dns.RcodeNameError
		}
	}
	out.WriteMsg(reply)
}

// addresses of `SERVICE.NAMESPACE` or `HOST.SERVICE.NAMESPACE`, and whether there is such a name.
func (cluster Cluster) addresses(labels []string) (found []string, known bool) {
	if len(labels) < 2 || len(labels) > 3 {
		return nil, false
	}
	host, name, namespace := "", labels[len(labels)-2], labels[len(labels)-1]
	if len(labels) == 3 {
		host = labels[0]
	}
	service, err := cluster.services.Services(namespace).Get(name)
	if err != nil {
		return nil, false
	}
	if host == "" && service.Spec.ClusterIP != core.ClusterIPNone {
		return []string{service.Spec.ClusterIP}, true
	}
	endpoints, err := cluster.endpoints.Endpoints(namespace).Get(name)
	if err != nil {
		return nil, host == ""
	}
	for _, subset := range endpoints.Subsets {
		ends := subset.Addresses
		if service.Spec.PublishNotReadyAddresses {
			ends = append(append([]core.EndpointAddress{}, ends...), subset.NotReadyAddresses...)
		}
		for _, end := range ends {
			if host == "" || host == hostname(end) {
				found = append(found, end.IP)
			}
		}
	}
	return found, host == "" || len(found) > 0
}

// hostname is what the pod's end of a service is called.
func hostname(end core.EndpointAddress) string {
	if end.Hostname != "" {
		return end.Hostname
	}
	return strings.ReplaceAll(end.IP, ".", "-")
}

// owner of an address, which is written backwards: a service, or a pod that has a name in one.
func (cluster Cluster) owner(backwards string) string {
	parts := strings.Split(backwards, ".")
	if len(parts) != 4 {
		return ""
	}
	address := strings.Join([]string{parts[3], parts[2], parts[1], parts[0]}, ".")
	services, _ := cluster.services.List(labels.Everything())
	for _, service := range services {
		if service.Spec.ClusterIP == address {
			return service.Name + "." + service.Namespace + zone
		}
	}
	all, _ := cluster.endpoints.List(labels.Everything())
	for _, endpoints := range all {
		for _, subset := range endpoints.Subsets {
			for _, end := range append(append([]core.EndpointAddress{}, subset.Addresses...), subset.NotReadyAddresses...) {
				if end.IP == address && end.Hostname != "" {
					return end.Hostname + "." + endpoints.Name + "." + endpoints.Namespace + zone
				}
			}
		}
	}
	return ""
}
