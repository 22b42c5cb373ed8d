namespace Network.Netlink.Protocol;

/// <summary>Turns a reply into a value; false leaves the message out.</summary>
public delegate bool MessageParser<T>(NetlinkMessage message, out T value);
