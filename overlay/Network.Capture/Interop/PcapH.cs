namespace Network.Capture.Interop;

/// <summary>pcap/pcap.h.</summary>
internal static class PcapH
{
    // struct pcap_pkthdr { struct timeval ts; bpf_u_int32 caplen; bpf_u_int32 len; };
    // With PCAP_TSTAMP_PRECISION_NANO the second field of the timeval holds nanoseconds.
    internal struct pcap_pkthdr
    {
        internal long tv_sec;
        internal long tv_nsec;
        internal uint caplen;
        internal uint len;
    }
}
