/** The few words of our own; everything else that a person reads is the customer's. */

export interface Texts {
  next: string;
  back: string;
  send: string;
  close: string;
  required: string;
  several: string;
}

const KEYS = ['next', 'back', 'send', 'close', 'required', 'several'] as const;

const LANGUAGES: Record<string, string> = {
  en: 'Next|Back|Send|Close|Please answer this question.|Choose all that apply.',
  de: 'Weiter|Zurück|Senden|Schließen|Bitte beantworten Sie diese Frage.|Mehrere Antworten möglich.',
  fr: 'Suivant|Retour|Envoyer|Fermer|Veuillez répondre à cette question.|Plusieurs réponses possibles.',
  es: 'Siguiente|Atrás|Enviar|Cerrar|Responda a esta pregunta.|Elija todas las que correspondan.',
  it: 'Avanti|Indietro|Invia|Chiudi|Rispondi a questa domanda.|Scegli tutte le risposte pertinenti.',
  pt: 'Seguinte|Voltar|Enviar|Fechar|Responda a esta pergunta.|Escolha todas as que se aplicam.',
  nl: 'Volgende|Terug|Versturen|Sluiten|Beantwoord deze vraag.|Meerdere antwoorden mogelijk.',
  ja: '次へ|戻る|送信|閉じる|この質問に回答してください。|当てはまるものをすべて選択してください。',
  ar: 'التالي|السابق|إرسال|إغلاق|يرجى الإجابة عن هذا السؤال.|اختر كل ما ينطبق.',
  he: 'הבא|הקודם|שליחה|סגירה|נא להשיב על השאלה.|בחרו את כל מה שמתאים.',
};

export function texts(locale: string): Texts {
  const words = (LANGUAGES[locale.slice(0, 2).toLowerCase()] ?? (LANGUAGES.en as string)).split('|');
  return Object.fromEntries(KEYS.map((key, i) => [key, words[i]])) as unknown as Texts;
}
