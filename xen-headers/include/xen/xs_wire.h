// The xenstore protocol: its ring, its message header and the numbers in both.
//
// Writers: the guest owns `req`, `req_prod` and `rsp_cons`; the store `rsp`, `rsp_prod` and
// `req_cons`. Indexes run freely, modulo XENSTORE_RING_SIZE.
// Source: Xen public/io/xs_wire.h.
#ifndef APUS_XEN_XS_WIRE_H
#define APUS_XEN_XS_WIRE_H

#define XS_CONTROL 0
#define XS_DIRECTORY 1
#define XS_READ 2
#define XS_GET_PERMS 3
#define XS_WATCH 4
#define XS_UNWATCH 5
#define XS_TRANSACTION_START 6
#define XS_TRANSACTION_END 7
#define XS_INTRODUCE 8
#define XS_RELEASE 9
#define XS_GET_DOMAIN_PATH 10
#define XS_WRITE 11
#define XS_MKDIR 12
#define XS_RM 13
#define XS_SET_PERMS 14
#define XS_WATCH_EVENT 15
#define XS_ERROR 16
#define XS_IS_DOMAIN_INTRODUCED 17
#define XS_RESUME 18
#define XS_SET_TARGET 19
#define XS_RESET_WATCHES 21
#define XS_DIRECTORY_PART 22
#define XS_INVALID 0xFFFF

// Positions of the strings in the payload of XS_WATCH_EVENT.
#define XS_WATCH_PATH 0
#define XS_WATCH_TOKEN 1

// Limits in bytes.
#define XENSTORE_RING_SIZE 1024
#define XENSTORE_PAYLOAD_MAX 4096
#define XENSTORE_ABS_PATH_MAX 3072
#define XENSTORE_REL_PATH_MAX 2048

// Bits of server_features.
#define XENSTORE_SERVER_FEATURE_RECONNECTION 1
#define XENSTORE_SERVER_FEATURE_ERROR 2

// Values of `connection`.
#define XENSTORE_CONNECTED 0
#define XENSTORE_RECONNECT 1

// Values of `error`.
#define XENSTORE_ERROR_NONE 0
#define XENSTORE_ERROR_COMM 1
#define XENSTORE_ERROR_RINGIDX 2
#define XENSTORE_ERROR_PROTO 3

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef uint32_t XENSTORE_RING_IDX;

struct xsd_sockmsg {
    uint32_t type;
    uint32_t req_id;  // Echoed in the response.
    uint32_t tx_id;   // 0 outside transactions.
    uint32_t len;     // Bytes of payload that follow.
};

struct xenstore_domain_interface {
    uint8_t req[XENSTORE_RING_SIZE];
    uint8_t rsp[XENSTORE_RING_SIZE];
    XENSTORE_RING_IDX req_cons, req_prod;
    XENSTORE_RING_IDX rsp_cons, rsp_prod;
    uint32_t server_features;
    uint32_t connection;
    uint32_t error;
};

#endif
#endif
