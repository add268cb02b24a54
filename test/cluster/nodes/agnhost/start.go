package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"time"
)

// started is what a pod tells of its first two seconds, as its termination message.
type started struct {
	// Sent is how many datagrams went to the denied address; those that the socket refused are not counted.
	Sent int `json:"sent"`
	// ConnectedAfter is how long it took, in milliseconds, until a connection to the allowed address stood; absent if none did.
	ConnectedAfter *float64 `json:"connectedAfter,omitempty"`
}

// start sends to one address as fast as a quiet pod could and connects to another, from its first instruction on, for two seconds.
func start(denied, allowed string) {
	begin := time.Now()
	connected := make(chan float64, 1)
	go func() {
		for time.Since(begin) < 2*time.Second {
			// A lost first packet would be sent again only after a second: rather another connection.
			connection, err := net.DialTimeout("tcp", allowed, 5*time.Millisecond)
			if err == nil {
				connected <- float64(time.Since(begin).Microseconds()) / 1000
				connection.Close()
				return
			}
		}
	}()
	var report started
	if socket, err := net.Dial("udp", denied); err == nil {
		for time.Since(begin) < 2*time.Second {
			if _, err := fmt.Fprintf(socket, "%d", report.Sent); err == nil {
				report.Sent++
			}
			time.Sleep(500 * time.Microsecond)
		}
	}
	select {
	case after := <-connected:
		report.ConnectedAfter = &after
	default:
	}
	text, _ := json.Marshal(report)
	fmt.Println(string(text))
	os.WriteFile("/dev/termination-log", text, 0o644)
}
