namespace Network.Cni.Protocol;

/// <summary>Error codes of the CNI specification; 100 and above are the plugin's own.</summary>
internal static class CniError
{
    internal const int IncompatibleVersion = 1, UnsupportedField = 2, UnknownContainer = 3, BadEnvironment = 4, Io = 5, Decode = 6,
        InvalidConfig = 7, InvalidNetNs = 8, TryAgainLater = 11, NotAvailable = 50, LimitedConnectivity = 51, InterfaceExists = 100,
        CheckFailed = 101, JournalDamaged = 102, AddressTaken = 103, Internal = 999;
}
