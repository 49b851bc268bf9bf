// Channels that a test holds on to: a ~Copyable value fits into no array.

import Events
import Hypercalls
import ModelXen

final class ChannelBox {
    private final class Link {
        var channel: EventChannel?
        let next: Link?
        init(_ channel: consuming EventChannel, _ next: Link?) {
            self.channel = consume channel
            self.next = next
        }
    }

    private var first: Link?

    func append(_ channel: consuming EventChannel) { first = Link(channel, first) }

    func closeAll(on channels: borrowing EventChannels) {
        while let link = first {
            first = link.next
            if let channel = link.channel.take() { channels.close(channel) }
        }
    }
}

/// Lets a channel live to the end of the process: for tests that do not close.
func keep(_ channel: consuming EventChannel) {
    let place = UnsafeMutablePointer<EventChannel>.allocate(capacity: 1)
    place.initialize(to: channel)
}

/// Channels that handlers can reach.
final class World {
    let channels: EventChannels
    let box = ChannelBox()

    init(_ xen: ModelXen) {
        channels = EventChannels(
            hypervisor: xen.hypervisor, sharedInfo: xen.sharedInfo, vcpuInfo: xen.vcpuInfo
        ) {
            let page = xen.makePage()
            return EventPage(start: page.start, frame: page.frame)
        }
    }
}
