namespace Network.Overlay;

/// <summary>
/// Decides by experiment whether the device may be left to compute checksums. Ordinary probes leave theirs to it; when
/// none arrives, probes without a checksum are sent beside them. If those do arrive, the offload is turned off and
/// ordinary ones are tried again: arriving now, it was the offload; else it is turned on again. Pure: told what came
/// back, it says what to do.
/// </summary>
internal sealed class ChecksumTest
{
    private const int Suspicious = 4;
    private int _missed;
    private int _uncheckedAnswers;

    internal ChecksumVerdict Verdict { get; private set; }

    /// <summary>Ask without a checksum too.</summary>
    internal bool WantsUnchecked => Verdict == ChecksumVerdict.Untested && _missed >= Suspicious;

    /// <summary>What the device should do now.</summary>
    internal bool OffloadOn { get; private set; } = true;

    internal void OrdinaryArrived()
    {
        _missed = 0;
        if (Verdict == ChecksumVerdict.Untested)
            Verdict = OffloadOn ? ChecksumVerdict.Works : ChecksumVerdict.TurnedOff;
    }

    internal void OrdinaryLost()
    {
        if (Verdict != ChecksumVerdict.Untested)
            return;
        _missed++;
        if (OffloadOn && _uncheckedAnswers >= 2 && _missed >= Suspicious)
            (OffloadOn, _missed, _uncheckedAnswers) = (false, 0, 0);
        else if (!OffloadOn && _missed >= 2 * Suspicious)
            (OffloadOn, Verdict) = (true, ChecksumVerdict.Broken);
    }

    internal void UncheckedArrived() => _uncheckedAnswers++;
}
