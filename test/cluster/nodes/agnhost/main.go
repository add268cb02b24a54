// Command agnhost is the program of the pods that the upstream network tests and ours start. Of upstream's subcommands it has those that
// they call, so that a probe costs 4 ms of processor time instead of 23; `start` is our own.
package main

import (
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"k8s.io/kubernetes/test/images/agnhost/connect"
	"k8s.io/kubernetes/test/images/agnhost/liveness"
	"k8s.io/kubernetes/test/images/agnhost/netexec"
	"k8s.io/kubernetes/test/images/agnhost/pause"
	"k8s.io/kubernetes/test/images/agnhost/porter"
	servehostname "k8s.io/kubernetes/test/images/agnhost/serve-hostname"
	testwebserver "k8s.io/kubernetes/test/images/agnhost/test-webserver"
)

func main() {
	// First of all: its tests are about the first packets of a pod.
	if len(os.Args) == 4 && os.Args[1] == "start" {
		start(os.Args[2], os.Args[3])
		return
	}
	if !canSpeakSCTP() {
		// porter would end at once and its pod never be ready: it serves the other protocols, or waits.
		for _, pair := range os.Environ() {
			if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "SERVE_SCTP_PORT_") {
				os.Unsetenv(name)
			}
		}
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	go func() { <-stop; os.Exit(0) }()

	root := &cobra.Command{Use: "agnhost", SilenceUsage: true}
	root.AddCommand(connect.CmdConnect, liveness.CmdLiveness, netexec.CmdNetexec, pause.CmdPause,
		porter.CmdPorter, servehostname.CmdServeHostname, testwebserver.CmdTestWebserver)
	if root.Execute() != nil {
		os.Exit(1)
	}
}

// canSpeakSCTP reports whether this kernel makes SCTP sockets.
func canSpeakSCTP() bool {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP)
	if err != nil {
		return false
	}
	unix.Close(socket)
	return true
}
