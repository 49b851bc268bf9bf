// A disk's ring: what a frontend asks of a block backend, and how it is answered.
//
// A request fills a slot of 112 bytes; a response takes the place of some request. The frontend
// writes requests and the pages of indirect segments, the backend writes responses. Sectors are of
// 512 bytes in every field, whatever the backend's `sector-size`, and aligned to that.
// Source: Xen public/io/blkif.h.
#ifndef APUS_XEN_BLKIF_H
#define APUS_XEN_BLKIF_H

// What a request is for.
#define BLKIF_OP_READ 0
#define BLKIF_OP_WRITE 1
// All writes from before are durable first, and none from after overtakes (`feature-barrier`).
#define BLKIF_OP_WRITE_BARRIER 2
// What was acknowledged becomes durable (`feature-flush-cache`). Without segments.
#define BLKIF_OP_FLUSH_DISKCACHE 3
// `feature-discard`; a `struct blkif_request_discard`.
#define BLKIF_OP_DISCARD 5
// `feature-max-indirect-segments`; a `struct blkif_request_indirect`.
#define BLKIF_OP_INDIRECT 6

// Segments that a request itself has room for.
#define BLKIF_MAX_SEGMENTS_PER_REQUEST 11
// Pages of segments that a request can name.
#define BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST 8
// In a discard's flag: the contents are to be unreadable for good (`discard-secure`).
#define BLKIF_DISCARD_SECURE (1 << 0)

// What came of it.
#define BLKIF_RSP_OKAY 0
#define BLKIF_RSP_ERROR -1
#define BLKIF_RSP_EOPNOTSUPP -2

// Bits of the backend's key `info`.
#define VDISK_CDROM 0x1
#define VDISK_REMOVABLE 0x2
#define VDISK_READONLY 0x4

#ifndef __ASSEMBLER__
#include "grant_table.h"
#include "types.h"

typedef uint16_t blkif_vdev_t;
typedef uint64_t blkif_sector_t;

// Sectors of one lent page, from the first to the last, both included: 0 to 7.
struct blkif_request_segment {
    grant_ref_t gref;
    uint8_t first_sect, last_sect;
};

// A read, a write, a barrier or a flush.
struct blkif_request {
    uint8_t operation;
    uint8_t nr_segments;
    blkif_vdev_t handle;
    uint64_t id; // the frontend's, returned with the response
    blkif_sector_t sector_number;
    struct blkif_request_segment seg[BLKIF_MAX_SEGMENTS_PER_REQUEST];
};

// The same slot, for a discard.
struct blkif_request_discard {
    uint8_t operation;
    uint8_t flag;
    blkif_vdev_t handle;
    uint64_t id;
    blkif_sector_t sector_number;
    uint64_t nr_sectors;
};

// The same slot, for a read or write whose segments are in pages of their own, 512 in each.
struct blkif_request_indirect {
    uint8_t operation;
    uint8_t indirect_op;
    uint16_t nr_segments;
    uint64_t id;
    blkif_sector_t sector_number;
    blkif_vdev_t handle;
    grant_ref_t indirect_grefs[BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST];
};

struct blkif_response {
    uint64_t id;
    uint8_t operation;
    int16_t status;
};
#endif
#endif
