using System.Runtime.InteropServices;
using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink.TrafficControl;

/// <summary>Queueing disciplines and filters, added to a batch of rtnetlink changes.</summary>
public static class TrafficControlVerbs
{
    private const uint IngressHandle = 0xFFFF0000;
    private const ushort Create = NetlinkH.NLM_F_REQUEST | NetlinkH.NLM_F_CREATE;

    extension(RouteBatch batch)
    {
        /// <summary>Shapes what leaves the device; a root queue that is there is replaced.</summary>
        public RouteBatch ShapeEgress(int linkIndex, TokenBucket bucket)
        {
            using var message = batch.Begin(RtnetlinkH.RTM_NEWQDISC, Create | NetlinkH.NLM_F_REPLACE, $"set token bucket on link #{linkIndex}");
            message.Header(new tcmsg { tcm_ifindex = linkIndex, tcm_parent = TrafficControlH.TC_H_ROOT });
            message.Put(TrafficControlH.TCA_KIND, "tbf");
            using (message.Nest(TrafficControlH.TCA_OPTIONS))
            {
                var parameters = bucket.Parameters;
                message.Put(TrafficControlH.TCA_TBF_PARMS, MemoryMarshal.AsBytes(new ReadOnlySpan<tc_tbf_qopt>(in parameters)));
                if (bucket.Rate > uint.MaxValue)
                    message.Put(TrafficControlH.TCA_TBF_RATE64, BitConverter.GetBytes(bucket.Rate));
                message.Put(TrafficControlH.TCA_TBF_BURST, bucket.Burst);
            }

            return batch;
        }

        /// <summary>Removes the device's ingress queue with its filters; refused with ENOENT or EINVAL when there is none.</summary>
        public RouteBatch ClearIngress(int linkIndex)
        {
            using var message = batch.Begin(RtnetlinkH.RTM_DELQDISC, NetlinkH.NLM_F_REQUEST, $"remove ingress queue of link #{linkIndex}");
            message.Header(new tcmsg { tcm_ifindex = linkIndex, tcm_handle = IngressHandle, tcm_parent = TrafficControlH.TC_H_INGRESS });
            message.Put(TrafficControlH.TCA_KIND, "ingress");
            return batch;
        }

        /// <summary>Lets everything that arrives at the device pass through another device's queue.</summary>
        public RouteBatch RedirectIngress(int linkIndex, int toLinkIndex)
        {
            using (var qdisc = batch.Begin(RtnetlinkH.RTM_NEWQDISC, Create | NetlinkH.NLM_F_EXCL, $"add ingress queue to link #{linkIndex}"))
            {
                qdisc.Header(new tcmsg { tcm_ifindex = linkIndex, tcm_handle = IngressHandle, tcm_parent = TrafficControlH.TC_H_INGRESS });
                qdisc.Put(TrafficControlH.TCA_KIND, "ingress");
            }

            using var filter = batch.Begin(RtnetlinkH.RTM_NEWTFILTER, Create | NetlinkH.NLM_F_EXCL,
                $"redirect what arrives at link #{linkIndex} to link #{toLinkIndex}");
            WriteRedirect(filter, linkIndex, toLinkIndex);
            return batch;
        }
    }

    private static void WriteRedirect(NetlinkWriter filter, int linkIndex, int toLinkIndex)
    {
        const uint priority = 1, everyProtocol = 0x0300; // ETH_P_ALL in network order
        filter.Header(new tcmsg { tcm_ifindex = linkIndex, tcm_parent = IngressHandle, tcm_info = (priority << 16) | everyProtocol });
        // u32 with one key that masks nothing: it matches every packet, and unlike matchall every kernel has it.
        filter.Put(TrafficControlH.TCA_KIND, "u32");
        using (filter.Nest(TrafficControlH.TCA_OPTIONS))
        {
            Span<byte> selector = stackalloc byte[32];
            selector.Clear();
            MemoryMarshal.Write(selector, new tc_u32_sel { flags = TrafficControlH.TC_U32_TERMINAL, nkeys = 1 });
            filter.Put(TrafficControlH.TCA_U32_SEL, selector);
            const ushort first = 1;
            using (filter.Nest(TrafficControlH.TCA_U32_ACT))
            using (filter.Nest(first))
            {
                filter.Put(TrafficControlH.TCA_ACT_KIND, "mirred");
                using (filter.Nest(TrafficControlH.TCA_ACT_OPTIONS))
                {
                    var parameters = new tc_mirred
                    {
                        eaction = TrafficControlH.TCA_EGRESS_REDIR,
                        action = TrafficControlH.TC_ACT_STOLEN,
                        ifindex = (uint)toLinkIndex,
                    };
                    filter.Put(TrafficControlH.TCA_MIRRED_PARMS,
                        MemoryMarshal.AsBytes(new ReadOnlySpan<tc_mirred>(in parameters)));
                }
            }
        }
    }
}
