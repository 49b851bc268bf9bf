// The states that both ends of a device tell each other in xenstore, as decimal numbers.
//
// Writers: the frontend owns `state` in its directory, the backend in its own; the toolstack writes
// the backend's when it detaches.
// Source: Xen public/io/xenbus.h.
#ifndef APUS_XEN_XENBUS_H
#define APUS_XEN_XENBUS_H

#ifndef __ASSEMBLER__
enum xenbus_state {
    XenbusStateUnknown = 0,
    XenbusStateInitialising = 1,
    XenbusStateInitWait = 2,     // Waits for the peer, or for a hotplug script.
    XenbusStateInitialised = 3,  // Has published; waits for the peer to connect.
    XenbusStateConnected = 4,
    XenbusStateClosing = 5,
    XenbusStateClosed = 6,
    XenbusStateReconfiguring = 7,
    XenbusStateReconfigured = 8
};
#endif
#endif
