using Network.Netlink.Interop;
using Network.Netlink.Protocol;

namespace Network.Netlink;

/// <summary>RTM_NEWLINK and RTM_DELLINK: ifinfomsg, then IFLA_* attributes.</summary>
internal static class LinkParser
{
    internal static bool TryParse(NetlinkMessage message, out Link link)
    {
        link = null!;
        if (message.Type is not (RtnetlinkH.RTM_NEWLINK or RtnetlinkH.RTM_DELLINK)
            || !message.TryReadHeader(out ifinfomsg header, out var attributes))
            return false;
        var fields = new Fields();
        while (attributes.TryNext(out var attribute))
            fields.Take(attribute);
        if (attributes.Malformed || fields.Name is null)
            return false;
        link = new Link
        {
            Index = header.ifi_index,
            Name = fields.Name,
            Mac = fields.Mac,
            Mtu = fields.Mtu,
            IsUp = (header.ifi_flags & IfLinkH.IFF_UP) != 0,
            IsLoopback = (header.ifi_flags & IfLinkH.IFF_LOOPBACK) != 0,
            OperState = fields.OperState,
            MasterIndex = fields.Master,
            ParentIndex = fields.Parent,
            ParentNetNsId = fields.ParentNetNsId,
            Kind = fields.Kind,
            Alias = fields.Alias,
            Group = fields.Group,
            Vxlan = fields.Vxlan,
            Hairpin = fields.Hairpin,
        };
        return true;
    }

    /// <summary>What has been read so far.</summary>
    private ref struct Fields()
    {
        internal string? Name;
        internal MacAddress? Mac;
        internal int Mtu;
        internal OperState OperState;
        internal int Master;
        internal int Parent;
        internal int? ParentNetNsId;
        internal string Kind = "";
        internal string Alias = "";
        internal int Group;
        internal VxlanInfo? Vxlan;
        internal bool? Hairpin;

        internal void Take(NetlinkAttribute attribute)
        {
            switch (attribute.Type)
            {
                case IfLinkH.IFLA_IFNAME:
                    Name = attribute.GetText();
                    break;
                case IfLinkH.IFLA_ADDRESS:
                    Mac = attribute.TryGet(out MacAddress mac) ? mac : null;
                    break;
                case IfLinkH.IFLA_MTU:
                    attribute.TryGet(out Mtu);
                    break;
                case IfLinkH.IFLA_OPERSTATE:
                    OperState = attribute.TryGet(out byte state) ? (OperState)state : OperState.Unknown;
                    break;
                case IfLinkH.IFLA_MASTER:
                    attribute.TryGet(out Master);
                    break;
                case IfLinkH.IFLA_LINK:
                    attribute.TryGet(out Parent);
                    break;
                case IfLinkH.IFLA_LINK_NETNSID:
                    ParentNetNsId = attribute.TryGet(out int id) ? id : null;
                    break;
                case IfLinkH.IFLA_IFALIAS:
                    Alias = attribute.GetText();
                    break;
                case IfLinkH.IFLA_GROUP:
                    attribute.TryGet(out Group);
                    break;
                case IfLinkH.IFLA_LINKINFO:
                    TakeInfo(attribute.Nested);
                    break;
            }
        }

        private void TakeInfo(AttributeReader info)
        {
            var slaveKind = "";
            while (info.TryNext(out var attribute))
            {
                switch (attribute.Type)
                {
                    case IfLinkH.IFLA_INFO_KIND:
                        Kind = attribute.GetText();
                        break;
                    case IfLinkH.IFLA_INFO_SLAVE_KIND:
                        slaveKind = attribute.GetText();
                        break;
                    case IfLinkH.IFLA_INFO_DATA when Kind == "vxlan":
                        Vxlan = VxlanParser.Parse(attribute.Nested);
                        break;
                    case IfLinkH.IFLA_INFO_SLAVE_DATA when slaveKind == "bridge":
                        TakePort(attribute.Nested);
                        break;
                }
            }
        }

        private void TakePort(AttributeReader port)
        {
            while (port.TryNext(out var attribute))
            {
                if (attribute.Type == IfLinkH.IFLA_BRPORT_MODE && attribute.TryGet(out byte mode))
                    Hairpin = mode != 0;
            }
        }
    }
}
