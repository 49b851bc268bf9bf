// The network device: slots of its three rings, extra information between them, control messages.
//
// Writers: the frontend writes requests and the backend responses, over each other in one array of
// slots. An extra information takes the place of a request (transmit) or a response (receive).
// Source: Xen public/io/netif.h.
#ifndef APUS_XEN_NETIF_H
#define APUS_XEN_NETIF_H

#include "grant_table.h"
#include "types.h"

// Slots that every backend takes for one packet.
#define XEN_NETIF_NR_SLOTS_MIN 18
// Bytes of one packet.
#define XEN_NETIF_MAX_TX_SIZE 0xFFFF

// Transmit: 12 octets a slot. The first request of a packet has the size of all of it, each
// further one its own.

#define NETTXF_csum_blank 0x1U      // The transport checksum is the pseudo-header's sum only.
#define NETTXF_data_validated 0x2U  // The transport checksum need not be verified.
#define NETTXF_more_data 0x4U       // The packet goes on in the next request.
#define NETTXF_extra_info 0x8U      // An extra information follows.

struct netif_tx_request {
    grant_ref_t gref;
    uint16_t offset;
    uint16_t flags;
    uint16_t id;
    uint16_t size;
};

struct netif_tx_response {
    uint16_t id;
    int16_t status;
};

// Receive: 8 octets a slot. Each response has its own size, in `status`.

#define NETRXF_data_validated 0x1U
#define NETRXF_csum_blank 0x2U
#define NETRXF_more_data 0x4U
#define NETRXF_extra_info 0x8U
#define NETRXF_gso_prefix 0x10U  // No octets: `offset` is the segments' size of what follows.

struct netif_rx_request {
    uint16_t id;
    uint16_t pad;
    grant_ref_t gref;
};

struct netif_rx_response {
    uint16_t id;
    uint16_t offset;
    uint16_t flags;
    int16_t status;  // Octets received, or a negative NETIF_RSP_*.
};

// Values of `status`.
#define NETIF_RSP_DROPPED (-2)
#define NETIF_RSP_ERROR (-1)
#define NETIF_RSP_OKAY 0
#define NETIF_RSP_NULL 1  // In the place of an extra information.

// Extra information.

#define XEN_NETIF_EXTRA_TYPE_NONE 0
#define XEN_NETIF_EXTRA_TYPE_GSO 1
#define XEN_NETIF_EXTRA_TYPE_MCAST_ADD 2
#define XEN_NETIF_EXTRA_TYPE_MCAST_DEL 3
#define XEN_NETIF_EXTRA_TYPE_HASH 4
#define XEN_NETIF_EXTRA_TYPE_MAX 5

#define XEN_NETIF_EXTRA_FLAG_MORE 0x1U

#define XEN_NETIF_GSO_TYPE_NONE 0
#define XEN_NETIF_GSO_TYPE_TCPV4 1
#define XEN_NETIF_GSO_TYPE_TCPV6 2

struct netif_extra_info {
    uint8_t type;
    uint8_t flags;
    union {
        struct {
            uint16_t size;
            uint8_t type;
            uint8_t pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t addr[6];
        } mcast;
        struct {
            uint8_t type;
            uint8_t algorithm;
            uint8_t value[4];
        } hash;
        uint16_t pad[3];
    } u;
};

// Control: 16 octets a slot.

#define XEN_NETIF_CTRL_HASH_TYPE_IPV4 0x1
#define XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP 0x2
#define XEN_NETIF_CTRL_HASH_TYPE_IPV6 0x4
#define XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP 0x8

#define XEN_NETIF_CTRL_HASH_ALGORITHM_NONE 0
#define XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ 1

#define XEN_NETIF_CTRL_TYPE_INVALID 0
#define XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS 1
#define XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS 2
#define XEN_NETIF_CTRL_TYPE_SET_HASH_KEY 3
#define XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE 4
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE 5
#define XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING 6
#define XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM 7
#define XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE 8
#define XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING 9
#define XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING 10

#define XEN_NETIF_CTRL_STATUS_SUCCESS 0
#define XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED 1
#define XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER 2
#define XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW 3

struct xen_netif_ctrl_request {
    uint16_t id;
    uint16_t type;
    uint32_t data[3];
};

struct xen_netif_ctrl_response {
    uint16_t id;
    uint16_t type;
    uint32_t status;
    uint32_t data;
};

// An entry of the list that XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING has in a page.
struct xen_netif_gref {
    grant_ref_t ref;
    uint16_t flags;
    uint16_t status;
};

#define XEN_NETIF_CTRLF_GREF_readonly 0x1U

// One slot of each ring.

union netif_tx_sring_entry {
    struct netif_tx_request req;
    struct netif_tx_response rsp;
};

union netif_rx_sring_entry {
    struct netif_rx_request req;
    struct netif_rx_response rsp;
};

union xen_netif_ctrl_sring_entry {
    struct xen_netif_ctrl_request req;
    struct xen_netif_ctrl_response rsp;
};

#endif
