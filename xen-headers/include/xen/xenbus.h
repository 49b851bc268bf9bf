// The states that both ends of a device tell each other in xenstore, as decimal numbers.
//
// Writers: the frontend owns `state` in its directory, the backend in its own; the toolstack writes
// the backend's when it detaches.
// Source: Xen public/io/xenbus.h.
#ifndef APUS_XEN_XENBUS_H
#define APUS_XEN_XENBUS_H

#define XenbusStateUnknown 0
#define XenbusStateInitialising 1
#define XenbusStateInitWait 2     // Waits for the peer, or for a hotplug script.
#define XenbusStateInitialised 3  // Has published; waits for the peer to connect.
#define XenbusStateConnected 4
#define XenbusStateClosing 5
#define XenbusStateClosed 6
#define XenbusStateReconfiguring 7
#define XenbusStateReconfigured 8

#endif
